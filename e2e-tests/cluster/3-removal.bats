#!/usr/bin/env bats
# What docs/upgrade.md says of removal: what becomes of the objects that the policy changed, and the removal itself.

setup_file() {
    cd "$BATS_TEST_DIRNAME"
}

setup() {
    kubectl create namespace workspace
    kubectl apply -n workspace -f "$BATS_SUITE_TMPDIR/apps-wildcard.yaml"
    # Each replica of the policy server sees a Secret some milliseconds after it is stored. Four objects are to use it.
    until [ "$(kubectl apply -n workspace -f shop.yaml -f blog.yaml -f gateways.yaml --dry-run=server 2>&1 \
        | grep -c 'routing secret apps-wildcard')" -eq 4 ]; do :; done
    kubectl apply -n workspace -f shop.yaml -f blog.yaml -f gateways.yaml
}

teardown() {
    [ -n "$BATS_TEST_COMPLETED" ] || kubectl logs -n kubewarden -l kubewarden/policy-server=routing-secrets --tail 50 || :
    kubectl delete namespace workspace
}

@test "parked Certificates get their issuers back, and Ingresses keep their routing secrets" {
    kubectl get certificates --all-namespaces --output wide | grep covered-by-routing-secret
    kubectl annotate certificate blog --namespace workspace routing-secrets-policy/skip=true

    kubectl wait -n workspace --for create --timeout 2m secret/blog-tls
    [ "$(kubectl get certificate blog -n workspace -o jsonpath='{.spec.issuerRef.name} {.spec.secretName}')" \
        = 'letsencrypt blog-tls' ]
    [ "$(kubectl get ingress shop -n workspace -o jsonpath='{.spec.tls[*].secretName}')" = apps-wildcard ]
}

@test "everything is given back" {
    kubectl label secrets --all-namespaces --selector epinio.io/routing epinio.io/routing-
    # Each replica of the policy server sees that some milliseconds later.
    while kubectl annotate -n workspace -f shop.yaml -f blog.yaml -f gateways.yaml example.com/seen=yes \
        --dry-run=server -o yaml | grep -E 'apps-wildcard|covered-by-routing-secret'; do :; done
    kubectl annotate ingresses,gateways,listenersets --all --all-namespaces --overwrite example.com/written="$(date +%s)"
    kubectl annotate certificates --all --all-namespaces --overwrite example.com/written="$(date +%s)"

    [ "$(kubectl get ingress shop -n workspace -o jsonpath='{.spec.tls[*].secretName}')" = shop-tls ]
    [ "$(kubectl get gateway web -n workspace -o jsonpath='{.spec.listeners[*].tls.certificateRefs[*].name}')" \
        = web-tls ]
    [ "$(kubectl get listenerset more -n workspace -o jsonpath='{.spec.listeners[*].tls.certificateRefs[*].name}')" \
        = more-tls ]
    [ "$(kubectl get certificate blog -n workspace -o jsonpath='{.spec.issuerRef.name} {.spec.secretName}')" \
        = 'letsencrypt blog-tls' ]
    kubectl wait -n workspace --for create --timeout 2m certificate/shop-tls
    kubectl wait -n workspace --for condition=Ready --timeout 2m certificate/shop-tls certificate/blog
    kubectl get secrets shop-tls blog-tls -n workspace
}

@test "the policy is removed, with deploy/guard, and what it changed stays" {
    # The module of these tests is none that the guard lets on the policy server, and may be taken away all the same.
    kubectl apply -k ../../deploy/guard
    while kubectl apply -f other-policy.yaml --dry-run=server; do :; done

    kubectl delete clusteradmissionpolicies --ignore-not-found routing-secrets-ingresses routing-secrets-certificates \
        routing-secrets-gateways routing-secrets-listener-sets routing-secrets-in-use routing-secrets-audit-ingresses \
        routing-secrets-audit-gateways routing-secrets-audit-listener-sets
    kubectl delete -k ../../deploy/server --ignore-not-found
    kubectl delete -k ../../deploy/guard --ignore-not-found
    kubectl delete clusterissuers covered-by-routing-secret --ignore-not-found

    left=$(kubectl get -k deploy --ignore-not-found -o name)
    [ -z "$left" ]
    webhooks=$(kubectl get mutatingwebhookconfigurations,validatingwebhookconfigurations -o name)
    [[ $webhooks != *routing-secrets* ]]
    [ "$(kubectl get ingress shop -n workspace -o jsonpath='{.spec.tls[*].secretName}')" = apps-wildcard ]
    kubectl delete ingress shop -n workspace
    kubectl apply -n workspace -f shop.yaml
    [ "$(kubectl get ingress shop -n workspace -o jsonpath='{.spec.tls[*].secretName}')" = shop-tls ]
}
