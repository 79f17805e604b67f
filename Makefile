# Everything that is built goes below target/, but for policy.wasm.
WASM := target/wasm32-wasip1/release/routing_secrets_policy.wasm
SOURCES := $(shell find src key-arithmetic -type f) .cargo/config.toml build.rs Cargo.toml Cargo.lock
HOST := cargo run --quiet --locked --package e2e-tests --
# The flags in .cargo/config.toml count for the policy, and cargo takes none from there where the environment has some.
CARGO_WASM := env -u RUSTFLAGS -u CARGO_ENCODED_RUSTFLAGS cargo
# bench/ is a workspace of its own. Its baseline does without those flags.
BENCH := --locked --manifest-path bench/Cargo.toml --target-dir target

# $(call needs,TOOL,WHERE): ends the recipe, saying what is missing and where to get it.
needs = @command -v $(1) > /dev/null || { echo 'make $@ needs $(1), which is not installed: $(2)' >&2; exit 1; }
KWCTL_DOCS := https://docs.kubewarden.io/reference/kwctl-cli
DENY_DOCS := https://embarkstudios.github.io/cargo-deny
BATS_DOCS := https://bats-core.readthedocs.io/en/stable/installation.html

.PHONY: run
run: policy.wasm
	$(HOST) run --policy policy.wasm --cluster examples/cluster.yaml --request examples/epinio-app.yaml
	@echo '# An application with a Gateway of its own:'
	$(HOST) run --policy policy.wasm --cluster examples/cluster.yaml --request examples/epinio-gateway.yaml
	@echo '# A new routing secret, which gets its index:'
	$(HOST) run --policy policy.wasm --request examples/new-secret.yaml
	@echo '# Now a Secret that must be refused:'
	$(HOST) run --policy policy.wasm --request examples/expired-secret.yaml; test $$? -eq 1

.PHONY: test
test: policy.wasm
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	cargo test --workspace --locked

policy.wasm: $(SOURCES)
	rustup target add wasm32-wasip1
	$(CARGO_WASM) build --release --locked --target wasm32-wasip1
	cp $(WASM) $@

annotated-policy.wasm: policy.wasm metadata.yml README.md
	$(call needs,kwctl,$(KWCTL_DOCS))
	kwctl annotate policy.wasm --metadata-path metadata.yml --usage-path README.md --output-path $@

# The one target that needs kwctl's own host; `make test` replays the same sessions without it.
.PHONY: e2e-tests
e2e-tests: annotated-policy.wasm
	$(call needs,kwctl,$(KWCTL_DOCS))
	$(call needs,bats,$(BATS_DOCS))
	bats e2e-tests/e2e.bats

# Licences, sources and advisories of the dependencies, held against deny.toml. It fetches the advisories.
.PHONY: deny
deny:
	$(call needs,cargo-deny,$(DENY_DOCS))
	cargo deny --workspace --locked check

.PHONY: bench
bench: policy.wasm
	RUSTFLAGS= cargo build $(BENCH) --release --target wasm32-wasip1 --package baseline
	cargo build $(BENCH) --profile lean --target wasm32-wasip1 --package empty
	cargo run $(BENCH) --release --package routing-secrets-bench -- policy.wasm \
	    target/wasm32-wasip1/release/baseline.wasm target/wasm32-wasip1/lean/empty.wasm

# The policy once more, with the names of its functions; elsewhere, or each build would undo the other.
.PHONY: size
size: policy.wasm
	CARGO_PROFILE_RELEASE_STRIP=debuginfo $(CARGO_WASM) build --release --locked --target wasm32-wasip1 --target-dir target/size
	cargo run $(BENCH) --release --package size -- $(WASM:target/%=target/size/%) policy.wasm

.PHONY: clean
clean:
	cargo clean
	rm -f policy.wasm annotated-policy.wasm
