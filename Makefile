# Everything that is built goes where cargo puts it, but for policy.wasm.
SOURCES := $(shell find src -type f) Cargo.toml Cargo.lock

# $(call built,MANIFEST,FILE): what cargo has built. The environment and cargo's config may say where all such files go.
built = "$$(cargo metadata --locked --no-deps --format-version 1 --manifest-path $(1) \
    | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')/$(2)"
HOST = $(call built,Cargo.toml,debug/e2e-tests)
# Messages of panics name source files: not where they are on the machine that built the module.
REMAP := CARGO_ENCODED_RUSTFLAGS="$$(printf '%s\037%s' \
    "--remap-path-prefix=$${CARGO_HOME:-$$HOME/.cargo}/registry/src=crates" \
    "--remap-path-prefix=$$(rustc --print sysroot)=rust")"

# $(call needs,TOOL,WHERE): ends the recipe, saying what is missing and where to get it.
needs = @command -v $(1) > /dev/null || { echo 'make $@ needs $(1), which is not installed: $(2)' >&2; exit 1; }
RUSTUP_DOCS := https://rustup.rs
YQ_DOCS := https://github.com/mikefarah/yq
KWCTL_DOCS := https://docs.kubewarden.io/reference/kwctl-cli
DENY_DOCS := https://embarkstudios.github.io/cargo-deny
PYTHON_DOCS := https://www.python.org/downloads
BATS_DOCS := https://bats-core.readthedocs.io/en/stable/installation.html
KUBECTL_DOCS := https://kubernetes.io/docs/tasks/tools
HELM_DOCS := https://helm.sh/docs/intro/install

# The module and the program that hosts it are built at once: each has minutes in which it needs one core only.
MAKEFLAGS += --jobs=2
# Otherwise cargo looks for the job server of make, which is not there for it.
unexport MAKEFLAGS MFLAGS

# $(call example,HEADING,ARGUMENTS): heads one command, shows and runs it.
define example
@printf '# %s:\n$$ e2e-tests %s\n\n' '$(1)' '$(2)'
@$(HOST) $(2)
endef
IN_CLUSTER := run --policy policy.wasm --cluster examples/cluster.yaml --request

.PHONY: run
run: policy.wasm host ## build the module, and evaluate the examples with it
	$(call example,An application of Epinio,$(IN_CLUSTER) examples/epinio-app.yaml)
	$(call example,An application with a Gateway of its own,$(IN_CLUSTER) examples/epinio-gateway.yaml)
	$(call example,A new routing secret gets its index,run --policy policy.wasm --request examples/new-secret.yaml)
	$(call example,A Secret that must be refused,run --policy policy.wasm --request examples/expired-secret.yaml); test $$? -eq 1
	$(call example,What would change if all of these were in a cluster,preview --policy policy.wasm examples)

.PHONY: help
help: ## list the targets
	@sed -n 's/^\([a-z0-9.-]*\):[^#]*## \(.*\)/make \1#\2/p' Makefile | awk -F '#' '{ printf "%-28s %s\n", $$1, $$2 }'

# The program that stands in for policy-server. No bench is built here: `--benches` has cargo choose the features of
# dependencies as `make test` does, which would otherwise build wasmtime once more.
.PHONY: host
host:
	$(call needs,cargo,$(RUSTUP_DOCS))
	@cargo build --locked --workspace --bin e2e-tests --benches

.PHONY: test
test: policy.wasm ## check format and lints, and run all tests
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	cargo test --workspace --locked

policy.wasm: $(SOURCES) ## build the module
	$(call needs,rustup,$(RUSTUP_DOCS))
	@rustup target add wasm32-wasip1
	@$(REMAP) cargo rustc --release --locked --target wasm32-wasip1 --lib --crate-type cdylib
	@cp $(call built,Cargo.toml,wasm32-wasip1/release/routing_secrets_policy.wasm) $@

# The README as it goes where no file lies beside it, into the module and to Artifact Hub: its links lead to this
# version.
TREE = $(shell sed -n 's/ *io.kubewarden.policy.source: //p' metadata.yml)
TAG = v$(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml)
usage.md: README.md Cargo.toml metadata.yml
	@sed -E -e 's!\]\(([^):#]+\.(svg|png))\)!](${TREE}/raw/${TAG}/\1)!g' \
	    -e 's!\]\(([^):#]+(#[^)]*)?)\)!](${TREE}/blob/${TAG}/\1)!g' README.md > $@

# What Artifact Hub shows of the package. A release writes it; it is not kept here.
ARTIFACTHUB := .github/artifacthub
artifacthub-pkg.yml: metadata.yml questions-ui.yml CHANGELOG.md $(ARTIFACTHUB)/package.yml usage.md
	$(call needs,kwctl,$(KWCTL_DOCS))
	$(call needs,yq,$(YQ_DOCS))
	kwctl scaffold artifacthub --metadata-path metadata.yml --questions-path questions-ui.yml --output $@.tmp
	awk -v version='$(patsubst v%,%,$(TAG))' -f $(ARTIFACTHUB)/changes.awk CHANGELOG.md > $@.changes
	yq eval-all '. as $$part ireduce ({}; . * $$part)' $@.tmp $(ARTIFACTHUB)/package.yml $@.changes > $@
	rm $@.tmp $@.changes

annotated-policy.wasm: policy.wasm metadata.yml usage.md ## add metadata and usage to the module; needs kwctl
	$(call needs,kwctl,$(KWCTL_DOCS))
	kwctl annotate policy.wasm --metadata-path metadata.yml --usage-path usage.md --output-path $@

# The one target that needs kwctl's own host; `make test` replays the same sessions without it.
.PHONY: e2e-tests
e2e-tests: annotated-policy.wasm ## evaluate the cases with kwctl; needs kwctl and bats
	$(call needs,kwctl,$(KWCTL_DOCS))
	$(call needs,bats,$(BATS_DOCS))
	bats e2e-tests/e2e.bats

# In a cluster of its own, from the quick start to the removal. docs/development.md says how to bring it up.
.PHONY: cluster-tests
cluster-tests: ## test the policy in a cluster; needs one, kubectl, helm, bats and kwctl
	$(call needs,kubectl,$(KUBECTL_DOCS))
	@test -n "$$KUBECONFIG" || { echo 'make $@ needs KUBECONFIG, the file that says which cluster to use' >&2; exit 1; }
	@kubectl get policyservers,clusterissuers,gateways,listenersets --output name > /dev/null || { \
	    echo 'make $@ needs a cluster with Kubewarden, cert-manager and the Gateway API: docs/development.md' >&2; exit 1; }
	$(call needs,helm,$(HELM_DOCS))
	$(call needs,bats,$(BATS_DOCS))
	$(call needs,kwctl,$(KWCTL_DOCS))
	$(MAKE) annotated-policy.wasm
	kwctl push --sources-path e2e-tests/cluster/sources.yml annotated-policy.wasm \
	    registry://kind-registry:5000/routing-secrets:test
	bats e2e-tests/cluster

# Licences, sources and advisories of the dependencies, held against deny.toml. It fetches the advisories.
.PHONY: deny
deny: ## check licences, sources and advisories of the dependencies; needs cargo-deny
	$(call needs,cargo-deny,$(DENY_DOCS))
	cargo deny --workspace --locked check

.PHONY: links
links: ## check the links between the pages; needs python3
	$(call needs,python3,$(PYTHON_DOCS))
	@python3 .github/check-links.py

# How long one write of an Ingress takes, beside a policy as tutorials write one; with OTHER=FILE, beside another
# version of this policy too.
.PHONY: bench
bench: policy.wasm ## measure a write of an Ingress
	cargo build --locked --manifest-path bench/Cargo.toml --release --target wasm32-wasip1 --package tutorial
	TUTORIAL=$(call built,bench/Cargo.toml,wasm32-wasip1/release/tutorial.wasm) OTHER="$(OTHER)" \
	    cargo bench --locked --manifest-path bench/Cargo.toml

.PHONY: clean
clean: ## remove what was built
	cargo clean
	rm -f policy.wasm annotated-policy.wasm usage.md artifacthub-pkg.yml
