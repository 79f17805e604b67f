//! Which hosts an object has, and which Secret it names for each.

use serde_json::Value;

/// A host of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Host {
    /// What tells it from the others of the object: the host itself, or the name of its listener.
    pub(super) key: String,
    pub(super) name: String,
    /// The Secret that is named for it, if one is.
    pub(super) secret: Option<String>,
}

/// The hosts of an Ingress, Gateway, ListenerSet or Certificate, in its own order.
pub(super) fn of(object: &Value) -> Vec<Host> {
    match object.get("kind").and_then(Value::as_str) {
        Some("Ingress") => of_ingress(object),
        Some("Certificate") => of_certificate(object),
        _ => of_listeners(object),
    }
}

/// The first TLS entry that names a host counts, and one without hosts for the hosts of rules that no other names.
fn of_ingress(ingress: &Value) -> Vec<Host> {
    let entries = list(ingress, "/spec/tls");
    let named = entries.iter().flat_map(|entry| {
        let secret = text(entry, "/secretName");
        texts(entry, "/hosts").map(move |host| host_with(host, secret))
    });
    let default = entries
        .iter()
        .find(|entry| list(entry, "/hosts").is_empty())
        .and_then(|entry| text(entry, "/secretName"));
    let of_rules = list(ingress, "/spec/rules").iter();
    let of_rules = of_rules.filter_map(|rule| text(rule, "/host")).map(|host| host_with(host, default));
    first_of_each(named.chain(of_rules))
}

/// Its names; all are in one Secret.
fn of_certificate(certificate: &Value) -> Vec<Host> {
    let secret = text(certificate, "/spec/secretName");
    let names = texts(certificate, "/spec/dnsNames").chain(text(certificate, "/spec/commonName"));
    first_of_each(names.map(|name| host_with(name, secret)))
}

/// One for each listener with TLS; `*` if it takes any host.
fn of_listeners(object: &Value) -> Vec<Host> {
    let listeners = list(object, "/spec/listeners").iter();
    listeners
        .filter(|listener| listener.get("tls").is_some_and(Value::is_object))
        .map(|listener| {
            let references = list(listener, "/tls/certificateRefs").iter();
            let secrets: Vec<_> = references.map(reference).collect();
            Host {
                key: text(listener, "/name").unwrap_or_default().to_owned(),
                name: text(listener, "/hostname").unwrap_or("*").to_owned(),
                secret: (!secrets.is_empty()).then(|| secrets.join(",")),
            }
        })
        .collect()
}

/// The name of what a listener refers to, with its namespace if it is another one.
fn reference(reference: &Value) -> String {
    let name = text(reference, "/name").unwrap_or_default();
    match text(reference, "/namespace") {
        Some(namespace) => format!("{namespace}/{name}"),
        None => name.to_owned(),
    }
}

fn host_with(name: &str, secret: Option<&str>) -> Host {
    Host { key: name.to_ascii_lowercase(), name: name.to_owned(), secret: secret.map(str::to_owned) }
}

fn first_of_each(hosts: impl Iterator<Item = Host>) -> Vec<Host> {
    let mut firsts: Vec<Host> = Vec::new();
    for host in hosts {
        if firsts.iter().all(|first| first.key != host.key) {
            firsts.push(host);
        }
    }
    firsts
}

fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    let list = value.pointer(pointer).and_then(Value::as_array);
    list.map_or(&[], Vec::as_slice)
}

fn text<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    let text = value.pointer(pointer).and_then(Value::as_str);
    text.filter(|text| !text.is_empty())
}

fn texts<'a>(value: &'a Value, pointer: &str) -> impl Iterator<Item = &'a str> {
    list(value, pointer).iter().filter_map(Value::as_str)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case::entries_and_rules(
        json!({"kind": "Ingress", "spec": {
            "tls": [{"hosts": ["a.example.com", "b.example.com"], "secretName": "own"}, {"hosts": ["c.example.com"]},
                {"hosts": ["A.example.com"], "secretName": "other"}],
            "rules": [{"host": "b.example.com"}, {"host": "d.example.com"}, {}],
        }}),
        &["a.example.com own", "b.example.com own", "c.example.com -", "d.example.com -"],
    )]
    #[case::entry_without_hosts(
        json!({"kind": "Ingress", "spec": {
            "tls": [{"secretName": "default"}, {"hosts": ["a.example.com"], "secretName": "own"}],
            "rules": [{"host": "b.example.com"}],
        }}),
        &["a.example.com own", "b.example.com default"],
    )]
    #[case::listeners(
        json!({"kind": "Gateway", "spec": {"listeners": [
            {"name": "http", "hostname": "a.example.com"},
            {"name": "one", "hostname": "a.example.com", "tls": {"certificateRefs": [{"name": "own"}]}},
            {"name": "two", "hostname": "a.example.com",
                "tls": {"certificateRefs": [{"name": "x", "namespace": "n"}, {"name": "y"}]}},
            {"name": "any", "tls": {"mode": "Passthrough"}},
        ]}}),
        &["a.example.com own", "a.example.com n/x,y", "* -"],
    )]
    #[case::certificate(
        json!({"kind": "Certificate", "spec": {
            "dnsNames": ["a.example.com", "b.example.com"], "commonName": "a.example.com", "secretName": "own",
        }}),
        &["a.example.com own", "b.example.com own"],
    )]
    #[case::nothing_of_it(json!({"kind": "Ingress", "spec": {"tls": {}, "rules": [3]}}), &[])]
    fn each_host_has_its_secret(#[case] object: Value, #[case] expected: &[&str]) {
        let hosts = of(&object).into_iter();
        let hosts: Vec<_> =
            hosts.map(|host| format!("{} {}", host.name, host.secret.as_deref().unwrap_or("-"))).collect();
        assert_eq!(hosts, expected);
    }
}
