use super::*;
use crate::family::{datecs, of_name};
use ferrotill_core::{Amount, Quantity};

fn line(name: &str, price: i64, thousandths: i64, adjustment: i64) -> LineJob {
    LineJob {
        name: name.to_owned(),
        group: 1,
        price: Amount::from_minor(price),
        quantity: Quantity::from_thousandths(thousandths),
        adjustment: Amount::from_minor(adjustment),
        notes: vec!["-15.00% = -2.43".to_owned()],
    }
}

fn command(number: u8, data: &[u8]) -> Command {
    Command {
        number,
        data: data.to_vec(),
    }
}

fn payment(letter: char, cash: bool, amount: i64) -> PaymentJob {
    PaymentJob {
        letter,
        cash,
        amount: Amount::from_minor(amount),
    }
}

fn job(lines: Vec<LineJob>, total: i64, payments: Vec<PaymentJob>, change: i64) -> ReceiptJob {
    ReceiptJob {
        refund_of: None,
        header: vec![],
        lines,
        footer: vec![],
        total: Amount::from_minor(total),
        payments,
        change: Amount::from_minor(change),
    }
}

#[test]
fn a_line_is_sent_with_an_absolute_adjustment_and_its_note() {
    let plan = Plan::of(
        &datecs::PROTOCOL,
        "",
        &job(
            vec![line("Paine", 810, 2000, -587)],
            1033,
            vec![payment('P', true, 2000)],
            967,
        ),
    )
    .unwrap();
    assert_eq!(
        plan.steps[1],
        Step::Sale(command(0x31, b"Paine\tB8.10*2.000;-5.87"))
    );
    assert_eq!(plan.steps[2], Step::Text(command(0x36, b"-15.00% = -2.43")));
    assert_eq!(plan.all_groups()[1], 1033);
    assert_eq!(plan.items(), 1);
}

#[test]
fn cash_is_sent_last() {
    let plan = Plan::of(
        &datecs::PROTOCOL,
        "",
        &job(
            vec![line("x", 2000, 1000, 0)],
            2000,
            vec![payment('P', true, 1500), payment('D', false, 1000)],
            500,
        ),
    )
    .unwrap();
    let paid: Vec<&Step> = plan
        .steps
        .iter()
        .filter(|step| matches!(step, Step::Pay { .. }))
        .collect();
    assert_eq!(
        paid,
        [
            &Step::Pay {
                command: command(0x35, b"\tD10.00"),
                left: 1000
            },
            &Step::Pay {
                command: command(0x35, b"\tP15.00"),
                left: -500
            }
        ]
    );
    assert_eq!(plan.payments_at(1000), Some(1));
    assert_eq!(plan.payments_at(2500), Some(2));
    assert_eq!(plan.payments_at(7), None);
}

#[test]
fn what_cannot_be_printed_is_refused_with_its_reason() {
    let cash = |amount| vec![payment('P', true, amount)];
    for (job, part) in [
        (job(vec![], 0, cash(0), 0), "1 to 512 lines"),
        (
            job(vec![line("x", 100, 1000, 0)], 99, cash(99), 0),
            "the lines make 100",
        ),
        (
            job(vec![line("x", 100, 1000, -101)], -1, cash(0), 0),
            "line 1: its amount",
        ),
        (
            job(vec![line("x", 100, 1000, 0)], 100, cash(90), 0),
            "leave 10",
        ),
        (
            job(
                vec![line("x", 100, 1000, 0)],
                100,
                vec![payment('D', false, 101)],
                1,
            ),
            "other than cash",
        ),
        (
            job(vec![line("x", 100, 1000, 0)], 100, vec![], 0),
            "no payment",
        ),
    ] {
        let problem = Plan::of(&datecs::PROTOCOL, "", &job).unwrap_err();
        assert!(problem.contains(part), "{problem}");
    }
}

#[test]
fn each_family_has_its_own_commands_for_the_same_sale() {
    let job = job(
        vec![line("Paine", 810, 2000, -587)],
        1033,
        vec![payment('P', true, 2000)],
        967,
    );
    for (name, words) in [
        (
            "datecs",
            [
                "30 1,0000,1",
                "31 Paine\\tB8.10*2.000;-5.87",
                "36 -15.00% = -2.43",
                "33 00",
                "35 \\tP20.00",
                "38 ",
            ],
        ),
        (
            "datecs-x",
            [
                "30 1\\t0000\\t1\\t\\t",
                "31 Paine\\t2\\t8.10\\t2.000\\t4\\t5.87\\t0\\t",
                "36 -15.00% = -2.43\\t\\t\\t\\t\\t\\t",
                "33 0\\t0\\t\\t\\t",
                "35 0\\t20.00\\t\\t",
                "38 ",
            ],
        ),
    ] {
        let protocol = of_name(name).unwrap();
        let plan = Plan::of(protocol, protocol.model.name, &job).unwrap();
        let said: Vec<String> = plan
            .steps
            .iter()
            .map(|step| {
                let data = step.command().data.escape_ascii();
                format!("{:02X} {data}", step.command().number)
            })
            .collect();
        assert_eq!(said, words, "{name}");
    }
}
