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

# The JSON patch in the output.
patch() {
    expr "$output" : '.*"patch":"\([^"]*\)"' | base64 -d
}

@test "accept an Ingress and let it name the routing secret" {
    evaluate ingress-rewritten
    [ "$status" -eq 0 ]
    [ $(expr "$output" : '.*"allowed":true.*') -ne 0 ]
    [ $(expr "$output" : '.*served by routing secret apps-wildcard.*') -ne 0 ]
    [ $(expr "$(patch)" : '.*"path":"/spec/tls/0/secretName","value":"apps-wildcard".*') -ne 0 ]
}

@test "accept an Ingress that no routing secret covers, as it is" {
    evaluate ingress-uncovered
    [ "$status" -eq 0 ]
    [ $(expr "$output" : '.*"allowed":true.*') -ne 0 ]
    [ $(expr "$output" : '.*"patch".*') -eq 0 ]
}

@test "reject an Ingress that does not name its routing secret" {
    evaluate ingress-required
    [ "$status" -eq 0 ]
    [ $(expr "$output" : '.*"allowed":false.*') -ne 0 ]
    [ $(expr "$output" : '.*does not use its routing secrets.*apps-wildcard.*') -ne 0 ]
}

@test "reject an Ingress when the look-up fails" {
    evaluate ingress-look-up-failed
    [ "$status" -eq 0 ]
    [ $(expr "$output" : '.*"allowed":false.*') -ne 0 ]
    [ $(expr "$output" : '.*the look-up of routing secrets in namespace workspace failed.*secrets is forbidden.*') -ne 0 ]
}

@test "accept a Certificate that is covered, and park it" {
    evaluate certificate-parked
    [ "$status" -eq 0 ]
    [ $(expr "$output" : '.*"allowed":true.*') -ne 0 ]
    [ $(expr "$output" : '.*no certificate is issued, routing secret apps-wildcard covers it.*') -ne 0 ]
    [ $(expr "$(patch)" : '.*"path":"/spec/issuerRef/name","value":"covered-by-routing-secret".*') -ne 0 ]
}

@test "reject a Certificate that would overwrite a routing secret" {
    evaluate certificate-take-over
    [ "$status" -eq 0 ]
    [ $(expr "$output" : '.*"allowed":false.*') -ne 0 ]
    [ $(expr "$output" : '.*would overwrite routing secret apps-wildcard.*') -ne 0 ]
}

@test "accept a routing secret" {
    evaluate secret-accepted
    [ "$status" -eq 0 ]
    [ $(expr "$output" : '.*"allowed":true.*') -ne 0 ]
}

@test "reject a routing secret that has expired" {
    evaluate secret-expired
    [ "$status" -eq 0 ]
    [ $(expr "$output" : '.*"allowed":false.*') -ne 0 ]
    [ $(expr "$output" : '.*\[expired\].*') -ne 0 ]
}

@test "accept a mirror of a routing secret, and label it" {
    evaluate secret-mirror-labelled
    [ "$status" -eq 0 ]
    [ $(expr "$output" : '.*"allowed":true.*') -ne 0 ]
    [ $(expr "$(patch)" : '.*"epinio.io/routing":"true".*') -ne 0 ]
}

@test "accept a Gateway and let it name the routing secret" {
    evaluate gateway-rewritten
    [ "$status" -eq 0 ]
    [ $(expr "$output" : '.*"allowed":true.*') -ne 0 ]
    [ $(expr "$(patch)" : '.*"path":"/spec/listeners/0/tls/certificateRefs/0/name","value":"apps-wildcard".*') -ne 0 ]
}
