//! One write of an Ingress in a namespace with more and more routing secrets, on the compiled module with a fresh
//! instance each time, as policy-server does it. A row is
//!
//! - `indexed`: the Secrets as the policy has them stored;
//! - `unindexed`: the same Secrets as they were before the policy came;
//! - `tutorial`: a policy as tutorials write one (`bench/tutorial`), which lists whole Secrets and parses every
//!   certificate;
//! - `other indexed`, `other unindexed`: another version of this policy, if `OTHER` names one.
//!
//! Look-ups are recorded once and replayed, so that the work of a cluster is not in the time.

mod secrets;

use std::{env, fs, hint::black_box, path::Path, time::Duration};

use criterion::Criterion;
use e2e_tests::{Cluster, Policy, Session, request_from};
use serde_json::{Value, json};

use self::secrets::{Authority, NAMESPACE};

const SIZES: [usize; 4] = [1, 10, 100, 1000];

/// A policy, and what its look-ups find.
struct Row {
    name: &'static str,
    policy: Policy,
    is_indexed: bool,
}

fn main() {
    let rows = rows();
    let authority = Authority::new();
    let output = Path::new(env!("CARGO_TARGET_TMPDIR")).join("criterion");
    let mut criterion = Criterion::default()
        .output_directory(&output)
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(3))
        .configure_from_args();
    let request = request_from(ingress()).unwrap();
    let payload = json!({"request": request, "settings": {}}).to_string();
    for size in SIZES {
        let secrets: Vec<_> = (0..size).map(|number| authority.secret(number)).collect();
        let mut group = criterion.benchmark_group(size.to_string());
        for row in &rows {
            let cluster = recorded(row, &secrets, &request);
            group.bench_function(row.name, |bencher| {
                bencher.iter(|| {
                    let answer = row.policy.call("validate", payload.as_bytes(), &cluster);
                    black_box(answer.unwrap());
                });
            });
        }
        group.finish();
    }
    criterion.final_summary();
    print_ratios(&rows, &output);
}

fn rows() -> Vec<Row> {
    let variable = |name| env::var(name).unwrap_or_default();
    let rows = [
        ("indexed", "policy.wasm".to_owned(), true),
        ("unindexed", "policy.wasm".to_owned(), false),
        ("tutorial", variable("TUTORIAL"), false),
        ("other indexed", variable("OTHER"), true),
        ("other unindexed", variable("OTHER"), false),
    ];
    let rows = rows.into_iter().filter(|(_, wasm, _)| !wasm.is_empty());
    rows.map(|(name, wasm, is_indexed)| {
        // Cargo runs this in bench/.
        let policy = Policy::load(&Path::new("..").join(wasm)).unwrap();
        Row { name, policy, is_indexed }
    })
    .collect()
}

fn ingress() -> Value {
    let host = "shop.d0.example.com";
    let service = json!({"name": "shop", "port": {"number": 8080}});
    let path = json!({"path": "/", "pathType": "ImplementationSpecific", "backend": {"service": service}});
    json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {
            "name": "shop",
            "namespace": NAMESPACE,
            "labels": {"app.kubernetes.io/managed-by": "epinio", "app.kubernetes.io/name": "shop"},
            "annotations": {"traefik.ingress.kubernetes.io/router.tls": "true"},
        },
        "spec": {
            "ingressClassName": "traefik",
            "rules": [{"host": host, "http": {"paths": [path]}}],
            "tls": [{"hosts": [host], "secretName": "shop-tls"}],
        },
    })
}

/// What the policy's look-ups find, as it is recorded in an evaluation that goes well: who does less work must not look
/// faster.
fn recorded(row: &Row, secrets: &[Value], request: &Value) -> Cluster {
    let stored = secrets.iter().map(|secret| match row.is_indexed {
        true => admitted(&row.policy, secret),
        false => secret.clone(),
    });
    let cluster = Cluster::new(stored.collect()).with_seed(1);
    let evaluation = row.policy.validate(request, &json!({}), &cluster).unwrap();
    let ingress = evaluation.response.mutated_object.unwrap();
    assert_eq!(ingress["spec"]["tls"][0]["secretName"], "wildcard-0");
    Cluster::replaying(Session::of(&evaluation.calls).unwrap())
}

/// The Secret as it is stored when it is created.
fn admitted(policy: &Policy, secret: &Value) -> Value {
    let request = request_from(secret.clone()).unwrap();
    let evaluation = policy.validate(&request, &json!({}), &Cluster::new(Vec::new()));
    evaluation.unwrap().response.mutated_object.unwrap()
}

/// The medians, and how many times as long as the first row the others take.
fn print_ratios(rows: &[Row], output: &Path) {
    println!("\n{:>7}  {:16} {:>10}  {:>10}", "secrets", "row", "median us", "x indexed");
    for size in SIZES {
        let medians = rows.iter().map(|row| {
            let file = output.join(format!("{size}/{}/new/estimates.json", row.name));
            let estimates: Value = serde_json::from_slice(&fs::read(file).ok()?).ok()?;
            Some((row.name, estimates["median"]["point_estimate"].as_f64()? / 1000.0))
        });
        let medians: Vec<_> = medians.flatten().collect();
        for (name, median) in &medians {
            println!("{size:>7}  {name:16} {median:>10.1}  {:>10.2}", median / medians[0].1);
        }
    }
}
