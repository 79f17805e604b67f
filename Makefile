# Everything that is built goes below target/, but for policy.wasm.
WASM := target/wasm32-wasip1/release/routing_secrets_policy.wasm
SOURCES := $(shell find src -name '*.rs') Cargo.toml Cargo.lock
HOST := cargo run --quiet --locked --package e2e-tests --

.PHONY: run
run: policy.wasm
	$(HOST) run --policy policy.wasm --cluster examples/cluster.yaml --request examples/epinio-app.yaml
	@echo '# Now a Secret that must be refused:'
	$(HOST) run --policy policy.wasm --request examples/expired-secret.yaml; test $$? -eq 1

.PHONY: test
test: policy.wasm
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	cargo test --workspace --locked

policy.wasm: $(SOURCES)
	rustup target add wasm32-wasip1
	cargo build --release --locked --target wasm32-wasip1
	cp $(WASM) $@

annotated-policy.wasm: policy.wasm metadata.yml
	@command -v kwctl > /dev/null || { echo 'make $@ needs kwctl: https://docs.kubewarden.io/reference/kwctl-cli' >&2; exit 1; }
	kwctl annotate policy.wasm --metadata-path metadata.yml --usage-path README.md --output-path $@

.PHONY: clean
clean:
	cargo clean
	rm -f policy.wasm annotated-policy.wasm
