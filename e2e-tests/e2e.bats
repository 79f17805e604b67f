#!/usr/bin/env bats
# The cases in cases/, evaluated by kwctl: `make e2e-tests`. What a case expects is checked here once more, and in
# tests/replay.rs; the look-ups are those that our own host recorded a moment ago, when it made the certificates.

setup_file() {
    cd "$BATS_TEST_DIRNAME/.."
    cargo run --quiet --locked --package e2e-tests -- write-cases \
        --policy annotated-policy.wasm --cases e2e-tests/cases --into "$BATS_FILE_TMPDIR"
}

# Sets status and output; kwctl's status is 0 when the request is rejected, too.
evaluate() {
    run kwctl run \
        --request-path "$BATS_FILE_TMPDIR/$1-request.json" \
        --settings-path "$BATS_FILE_TMPDIR/$1-settings.json" \
        --allow-context-aware \
        --replay-host-capabilities-interactions "$BATS_FILE_TMPDIR/$1-session.yaml" \
        "$BATS_TEST_DIRNAME/../annotated-policy.wasm"

    # this prints the output when one of the checks below fails
    echo "output = ${output}"
}

allowed() {
    [ "$status" -eq 0 ] && says '"allowed":true'
}

denied() {
    [ "$status" -eq 0 ] && says '"allowed":false'
}

# Whether this is in the output.
says() {
    [ $(expr "$output" : ".*$1.*") -ne 0 ]
}

# Whether this is in the JSON patch.
patches() {
    [ $(expr "$(patch)" : ".*$1.*") -ne 0 ]
}

# The JSON patch in the output.
patch() {
    expr "$output" : '.*"patch":"\([^"]*\)"' | base64 -d
}

@test "accept an Ingress and let it name the routing secret" {
    evaluate ingress-rewritten
    allowed
    says 'uses routing secret apps-wildcard'
    patches '"path":"/spec/tls/0/secretName","value":"apps-wildcard"'
}

@test "accept an Ingress that no routing secret covers, as it is" {
    evaluate ingress-uncovered
    allowed
    [ $(expr "$output" : '.*"patch".*') -eq 0 ]
}

@test "reject an Ingress that does not name its routing secret" {
    evaluate ingress-required
    denied
    says 'does not use its routing secrets.*apps-wildcard'
}

@test "reject an Ingress when the look-up fails" {
    evaluate ingress-look-up-failed
    denied
    says 'the look-up of routing secrets in namespace workspace failed.*secrets is forbidden'
}

@test "accept a Certificate that is covered, and park it" {
    evaluate certificate-parked
    allowed
    says 'routing secret apps-wildcard covers it'
    patches '"path":"/spec/issuerRef/name","value":"covered-by-routing-secret"'
}

@test "reject a Certificate that would overwrite a routing secret" {
    evaluate certificate-take-over
    denied
    says 'would overwrite routing secret apps-wildcard'
}

@test "accept a routing secret" {
    evaluate secret-accepted
    allowed
}

@test "reject a routing secret that has expired" {
    evaluate secret-expired
    denied
    says '\[expired\]'
}

@test "accept a mirror of a routing secret, and label it" {
    evaluate secret-mirror-labelled
    allowed
    patches '"epinio.io/routing":"true"'
}

@test "accept a Gateway and let it name the routing secret" {
    evaluate gateway-rewritten
    allowed
    patches '"path":"/spec/listeners/0/tls/certificateRefs/0/name","value":"apps-wildcard"'
}

@test "reject the deletion of a routing secret that an Ingress names" {
    evaluate secret-in-use
    denied
    says 'Ingress shop: shop.apps.example.com still names this Secret.*\[in-use\]'
}
