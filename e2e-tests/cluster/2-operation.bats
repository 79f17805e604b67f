#!/usr/bin/env bats
# What happens while the policy that 1-quick-start.bats deployed is there. Each test has a namespace of its own with a
# routing secret for *.apps.example.com.

setup_file() {
    cd "$BATS_TEST_DIRNAME"
}

setup() {
    kubectl create namespace workspace
    kubectl apply -n workspace -f "$BATS_SUITE_TMPDIR/apps-wildcard.yaml"
    # Each replica of the policy server sees a Secret some milliseconds after it is stored. Four objects are to use it.
    until [ "$(kubectl apply -n workspace -f shop.yaml -f blog.yaml -f gateways.yaml --dry-run=server 2>&1 \
        | grep -c 'routing secret apps-wildcard')" -eq 4 ]; do :; done
}

teardown() {
    [ -n "$BATS_TEST_COMPLETED" ] || kubectl logs -n kubewarden -l kubewarden/policy-server=routing-secrets --tail 50 || :
    kubectl delete namespace workspace
}

@test "no certificate is issued for an Ingress that is covered" {
    kubectl apply -n workspace -f shop.yaml -f docs.yaml
    [ "$(kubectl get ingress shop -n workspace -o jsonpath='{.spec.tls[*].secretName}')" = apps-wildcard ]
    issuer=$(kubectl get ingress shop -n workspace -o jsonpath='{.metadata.annotations.cert-manager\.io/cluster-issuer}')
    [ -z "$issuer" ]
    [ "$(kubectl get ingress docs -n workspace -o jsonpath='{.spec.tls[*].secretName}')" = docs-tls ]

    # cert-manager has seen both when it has issued one for the other.
    kubectl wait -n workspace --for create --timeout 2m certificate/docs-tls
    kubectl wait -n workspace --for condition=Ready --timeout 2m certificate/docs-tls
    [ "$(kubectl get certificates -n workspace -o name)" = certificate.cert-manager.io/docs-tls ]
    [ "$(kubectl get certificaterequests -n workspace -o name)" = certificaterequest.cert-manager.io/docs-tls-1 ]
}

@test "a parked Certificate stays parked over what cert-manager writes, and is issued when the routing secret is gone" {
    kubectl apply -n workspace -f blog.yaml
    kubectl wait -n workspace --for condition=Ready --timeout 2m certificate/blog
    # Without its Secret, cert-manager issues it anew.
    kubectl delete secret blog-parked -n workspace
    kubectl wait -n workspace --for jsonpath='{.status.revision}'=2 --timeout 2m certificate/blog
    kubectl wait -n workspace --for condition=Ready --timeout 2m certificate/blog
    kubectl annotate certificate blog -n workspace example.com/written=yes
    [ "$(kubectl get certificate blog -n workspace -o jsonpath='{.spec.issuerRef.name} {.spec.secretName}')" \
        = 'covered-by-routing-secret blog-parked' ]

    kubectl delete secret apps-wildcard -n workspace
    # Any write does, once the policy server has seen that the Secret is gone.
    until kubectl annotate certificate blog -n workspace --overwrite example.com/written="$(date +%N)" \
        -o jsonpath='{.spec.issuerRef.name} {.spec.secretName}' | grep 'letsencrypt blog-tls'; do :; done
    kubectl wait -n workspace --for create --timeout 2m secret/blog-tls
    kubectl wait -n workspace --for condition=Ready --timeout 2m certificate/blog
    [ "$(kubectl get secret blog-tls -n workspace -o jsonpath='{.metadata.annotations.cert-manager\.io/issuer-name}')" \
        = letsencrypt ]
}

@test "a Certificate that would overwrite a routing secret is refused, and the Secret stays as it is" {
    before=$(kubectl get secret apps-wildcard -n workspace -o jsonpath='{.metadata.resourceVersion}')

    run kubectl apply -n workspace -f - << END
apiVersion: cert-manager.io/v1
kind: Certificate
metadata:
  name: greedy
spec:
  secretName: apps-wildcard
  dnsNames: [docs.example.org]
  issuerRef: {kind: ClusterIssuer, name: letsencrypt}
END
    echo "$output"
    [ "$status" -ne 0 ]
    [[ $output == *'would overwrite routing secret apps-wildcard'* ]]

    # cert-manager goes on issuing what is not for a routing secret.
    kubectl apply -n workspace -f docs.yaml
    kubectl wait -n workspace --for create --timeout 2m certificate/docs-tls
    kubectl wait -n workspace --for condition=Ready --timeout 2m certificate/docs-tls
    [ "$(kubectl get secret apps-wildcard -n workspace -o jsonpath='{.metadata.resourceVersion}')" = "$before" ]
}

@test "a routing secret that cert-manager renews gets a new index" {
    kubectl apply -n workspace -f - << END
apiVersion: cert-manager.io/v1
kind: Certificate
metadata:
  name: sites
spec:
  secretName: sites
  secretTemplate: {labels: {epinio.io/routing: "true"}}
  dnsNames: ["*.sites.example.com"]
  issuerRef: {kind: ClusterIssuer, name: letsencrypt}
END
    kubectl wait -n workspace --for condition=Ready --timeout 2m certificate/sites
    index=$(kubectl get secret sites -n workspace -o jsonpath='{.metadata.annotations.routing-secrets-policy/index}')
    [[ $index == 'v1 issued '*' *.sites.example.com' ]]

    kubectl patch certificate sites -n workspace --type merge \
        -p '{"spec":{"dnsNames":["*.sites.example.com","docs.example.org"]}}'
    kubectl wait -n workspace --for jsonpath='{.status.revision}'=2 --timeout 2m certificate/sites
    index=$(kubectl get secret sites -n workspace -o jsonpath='{.metadata.annotations.routing-secrets-policy/index}')
    [[ $index == *docs.example.org* ]]
    until kubectl apply -n workspace -f docs.yaml -o jsonpath='{.spec.tls[*].secretName}' --dry-run=server \
        | grep sites; do :; done
}

@test "Helm installs, upgrades and rolls back a chart like Epinio's, and nothing is left over" {
    helm install blog application -n workspace
    [ "$(kubectl get ingress blog -n workspace -o jsonpath='{.spec.tls[*].secretName}')" = apps-wildcard ]
    [ "$(kubectl get certificate blog -n workspace -o jsonpath='{.spec.issuerRef.name}')" = covered-by-routing-secret ]

    # To a host that no routing secret covers.
    helm upgrade blog application -n workspace --set host=blog.example.org
    [ "$(kubectl get ingress blog -n workspace -o jsonpath='{.spec.tls[*].secretName}')" = blog-tls ]
    [ "$(kubectl get certificate blog -n workspace -o jsonpath='{.spec.issuerRef.name}')" = letsencrypt ]
    annotations=$(kubectl get ingress,certificate blog -n workspace -o jsonpath='{.items[*].metadata.annotations}')
    [[ $annotations != *routing-secrets-policy* ]]
    kubectl wait -n workspace --for create --timeout 2m secret/blog-tls

    # The Certificate comes some milliseconds after the Ingress, which may not have been seen yet.
    until helm rollback blog 1 -n workspace && kubectl get certificate blog -n workspace \
        -o jsonpath='{.spec.issuerRef.name}' | grep covered-by-routing-secret; do
            helm upgrade blog application -n workspace --set host=blog.example.org
    done
    [ "$(kubectl get ingress blog -n workspace -o jsonpath='{.spec.tls[*].secretName}')" = apps-wildcard ]

    helm uninstall blog -n workspace
    left=$(kubectl get ingresses,certificates -n workspace -o name)
    [ -z "$left" ]
}

@test "a Secret and its Ingress come in one kubectl apply" {
    kubectl delete secret apps-wildcard -n workspace
    kubectl apply -n workspace -f "$BATS_SUITE_TMPDIR/apps-wildcard.yaml" -f shop.yaml

    # In 98 of 100 tries it was there already.
    until kubectl annotate ingress shop -n workspace --overwrite example.com/written="$(date +%N)" \
        -o jsonpath='{.spec.tls[*].secretName}' | grep apps-wildcard; do :; done
}

@test "kubectl diff sees no difference in what the policy changed" {
    kubectl apply -n workspace -f shop.yaml -f blog.yaml
    [ "$(kubectl get ingress shop -n workspace -o jsonpath='{.spec.tls[*].secretName}')" = apps-wildcard ]
    [ "$(kubectl get certificate blog -n workspace -o jsonpath='{.spec.issuerRef.name}')" = covered-by-routing-secret ]

    kubectl wait -n workspace --for condition=Ready --timeout 2m certificate/blog
    kubectl diff -n workspace -f shop.yaml -f blog.yaml
}

@test "three managers apply parts of an Ingress, and what its author wrote is not lost" {
    kubectl apply -n workspace --server-side --field-manager author -f shop.yaml
    kubectl apply -n workspace --server-side --field-manager dns -f - << END
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
  annotations:
    external-dns.alpha.kubernetes.io/ttl: "60"
END
    kubectl apply -n workspace --server-side --field-manager team -f - << END
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
  labels:
    team: shop
END
    # Where no manager is left that owns an annotation, Kubernetes takes away all of them, the record too.
    kubectl apply -n workspace --server-side --field-manager dns -f - << END
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
END
    kubectl apply -n workspace --server-side --field-manager author -f shop.yaml
    [ "$(kubectl get ingress shop -n workspace -o jsonpath='{.spec.tls[*].secretName}')" = apps-wildcard ]

    kubectl delete secret apps-wildcard -n workspace
    until kubectl annotate ingress shop -n workspace --overwrite example.com/written="$(date +%N)" \
        -o jsonpath='{.spec.tls[*].secretName}' | grep shop-tls; do :; done
    annotations=$(kubectl get ingress shop -n workspace -o jsonpath='{.metadata.annotations}')
    [[ $annotations == *'"cert-manager.io/cluster-issuer":"letsencrypt"'* ]]
    [[ $annotations != *routing-secrets-policy* ]]
}

@test "the listeners of a Gateway and a ListenerSet use the routing secret" {
    kubectl apply -n workspace -f gateways.yaml
    [ "$(kubectl get gateway web -n workspace -o jsonpath='{.spec.listeners[*].tls.certificateRefs[*].name}')" \
        = apps-wildcard ]
    [ "$(kubectl get listenerset more -n workspace -o jsonpath='{.spec.listeners[*].tls.certificateRefs[*].name}')" \
        = apps-wildcard ]
}

@test "deploy/guard keeps other policies off the policy server" {
    kubectl apply -k ../../deploy/guard
    # The API server heeds it a moment later.
    while kubectl apply -f other-policy.yaml --dry-run=server; do :; done

    run kubectl apply -f other-policy.yaml --dry-run=server
    echo "$output"
    [[ $output == *'policy server routing-secrets may read Secrets and is for the routing-secrets policy only'* ]]
    kubectl delete -k ../../deploy/guard
}

@test "without the policy server, what it reviews cannot be written, and everything else can" {
    kubectl patch policyserver routing-secrets --type merge -p '{"spec":{"replicas":0}}'
    kubectl wait -n kubewarden --for delete --timeout 2m pods -l kubewarden/policy-server=routing-secrets
    while kubectl apply -n workspace -f shop.yaml --dry-run=server; do :; done

    run kubectl apply -n workspace -f shop.yaml
    echo "$output"
    [ "$status" -ne 0 ]
    [[ $output == *'failed calling webhook'* ]]
    run kubectl apply -n workspace -f blog.yaml
    echo "$output"
    [ "$status" -ne 0 ]
    [[ $output == *'failed calling webhook'* ]]
    kubectl create secret generic other -n workspace --from-literal key=value
    kubectl create configmap other -n workspace
    # A Secret can go all the same.
    kubectl delete secret apps-wildcard -n workspace

    kubectl patch policyserver routing-secrets --type merge -p '{"spec":{"replicas":2}}'
    kubectl wait -n kubewarden --for jsonpath='{.status.readyReplicas}'=2 --timeout 5m \
        deployment/policy-server-routing-secrets
    until kubectl apply -n workspace -f "$BATS_SUITE_TMPDIR/apps-wildcard.yaml" -f shop.yaml -f blog.yaml; do :; done
}
