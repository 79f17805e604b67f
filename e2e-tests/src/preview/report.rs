//! How a preview is shown: columns as kubectl has them, and a summary.

use std::collections::BTreeSet;

use e2e_tests::counted;

use super::{Inventory, Line, Outcome, REVIEWED, text};

const COLUMNS: [&str; 6] = ["NAMESPACE", "OBJECT", "HOST", "NOW", "THEN", "WHY NOT"];

/// A line for each host.
pub(super) fn table(lines: &[Line]) -> String {
    let heading = COLUMNS.map(str::to_owned);
    let rows: Vec<_> = [heading].into_iter().chain(lines.iter().map(row)).collect();
    let widths: Vec<_> = (0..COLUMNS.len())
        .map(|column| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or_default()
        })
        .collect();
    let lines = rows.iter().map(|row| {
        let cells = row.iter().zip(&widths);
        let cells: Vec<_> = cells.map(|(cell, width)| format!("{cell:width$}")).collect();
        format!("{}\n", cells.join("  ").trim_end())
    });
    lines.collect()
}

fn row(line: &Line) -> [String; 6] {
    let secret = |secret: &Option<String>| secret.clone().unwrap_or_else(|| "-".to_owned());
    let then = match line.outcome {
        Outcome::Denied => "denied".to_owned(),
        _ => secret(&line.then),
    };
    [
        line.namespace.clone(),
        format!("{}/{}", line.kind, line.name),
        line.host.clone(),
        secret(&line.now),
        then,
        line.why_not.clone(),
    ]
}

/// What was read, and how much of it changes.
pub(super) fn summary(lines: &[Line], inventory: &Inventory) -> String {
    let routing_secrets = inventory.routing_secrets().len();
    let mut read = vec![counted(routing_secrets, "routing secret")];
    read.extend(REVIEWED.iter().map(|(_, kind)| {
        let objects = inventory.objects.iter();
        let of_kind = objects.filter(|object| text(object, "/kind") == Some(kind));
        counted(of_kind.count(), kind)
    }));
    let (certificates, others): (Vec<&Line>, Vec<&Line>) =
        lines.iter().partition(|line| line.kind == "Certificate");
    let hosts = |outcome| others.iter().filter(|line| line.outcome == outcome).count();
    let names = |outcome| {
        let certificates = certificates.iter().filter(|line| line.outcome == outcome);
        let names: BTreeSet<_> = certificates.map(|line| (&line.namespace, &line.name)).collect();
        names.len()
    };
    let mut summary = format!(
        "\nRead: {}.\nHosts: {} change, {} have a routing secret already, {} stay as they are, {} are denied.\n",
        read.join(", "),
        hosts(Outcome::Changes),
        hosts(Outcome::Served),
        hosts(Outcome::Stays),
        hosts(Outcome::Denied),
    );
    if !certificates.is_empty() {
        summary += &format!(
            "Certificates: {} change, {} stay as they are, {} are denied.\n",
            names(Outcome::Changes),
            names(Outcome::Served) + names(Outcome::Stays),
            names(Outcome::Denied),
        );
    }
    if routing_secrets == 0 {
        summary +=
            &format!("No Secret of type kubernetes.io/tls has the label {}.\n", inventory.routing_label);
    }
    summary
}
