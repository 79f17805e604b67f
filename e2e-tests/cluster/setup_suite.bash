# Before the first file and after the last.

setup_suite() {
    export BATS_TEST_TIMEOUT=400
    cd "$BATS_TEST_DIRNAME"
    kubectl apply -f issuer.yaml

    # The routing secret of most tests.
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 365 \
        -keyout "$BATS_SUITE_TMPDIR/tls.key" -out "$BATS_SUITE_TMPDIR/tls.crt" -subj /CN=apps.example.com \
        -addext 'subjectAltName=DNS:*.apps.example.com' -addext basicConstraints=critical,CA:FALSE \
        -addext extendedKeyUsage=serverAuth
    kubectl create secret tls apps-wildcard --cert "$BATS_SUITE_TMPDIR/tls.crt" --key "$BATS_SUITE_TMPDIR/tls.key" \
        --dry-run=client -o yaml \
        | kubectl label --local -f - epinio.io/routing=true -o yaml > "$BATS_SUITE_TMPDIR/apps-wildcard.yaml"
}

teardown_suite() {
    kubectl delete -f "$BATS_TEST_DIRNAME/issuer.yaml"
}
