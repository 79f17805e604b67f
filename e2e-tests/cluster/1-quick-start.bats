#!/usr/bin/env bats
# Steps 2 to 5 of the README's quick start. The files beside this one go on with the policy that it deploys.

setup_file() {
    cd "$BATS_TEST_DIRNAME"
}

teardown() {
    [ -n "$BATS_TEST_COMPLETED" ] || kubectl logs -n kubewarden -l kubewarden/policy-server=routing-secrets --tail 50 || :
}

teardown_file() {
    kubectl delete namespace workspace
}

@test "give the policy its rights" {
    kubectl apply -k ../../deploy/server

    kubectl auth can-i get secrets --all-namespaces --as system:serviceaccount:kubewarden:routing-secrets
    for verb in list watch; do for kind in secrets ingresses.networking.k8s.io \
        gateways.gateway.networking.k8s.io listenersets.gateway.networking.k8s.io; do
            kubectl auth can-i "$verb" "$kind" --all-namespaces --as system:serviceaccount:kubewarden:routing-secrets
    done; done
}

@test "deploy the policy" {
    kubectl apply -k deploy

    kubectl wait --for condition=PolicyUniquelyReachable --timeout 5m clusteradmissionpolicies \
        routing-secrets-ingresses routing-secrets-certificates routing-secrets-gateways \
        routing-secrets-listener-sets routing-secrets-in-use
}

@test "make a routing secret" {
    kubectl create namespace workspace
    cd "$BATS_FILE_TMPDIR"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 365 -keyout tls.key -out tls.crt \
        -subj /CN=apps.example.com -addext 'subjectAltName=DNS:*.apps.example.com' \
        -addext basicConstraints=critical,CA:FALSE -addext extendedKeyUsage=serverAuth
    kubectl create secret tls apps-wildcard --namespace workspace --cert tls.crt --key tls.key --dry-run=client -o yaml \
        | kubectl label --local -f - epinio.io/routing=true -o yaml | kubectl apply -f -

    index=$(kubectl get secret apps-wildcard --namespace workspace \
        --output jsonpath='{.metadata.annotations.routing-secrets-policy/index}')
    [[ $index == 'v1 issued '*' *.apps.example.com' ]]
}

@test "create an Ingress, and see what was stored" {
    run kubectl create ingress shop --namespace workspace --annotation cert-manager.io/cluster-issuer=letsencrypt \
        --rule 'shop.apps.example.com/*=shop:80,tls=shop-tls'
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == *'removed annotation cert-manager.io/cluster-issuer: all TLS hosts use routing secrets'* ]]
    [[ $output == *'shop.apps.example.com: uses routing secret apps-wildcard'* ]]

    tls=$(kubectl get ingress shop --namespace workspace --output jsonpath='{.spec.tls}')
    [ "$tls" = '[{"hosts":["shop.apps.example.com"],"secretName":"apps-wildcard"}]' ]
}
