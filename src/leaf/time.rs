//! The times between which a certificate is valid (RFC 5280, section 4.1.2.5).

use crate::der::{Element, Malformed, Result, ensure};

/// X.690, section 11.8.
const UTC_TIME: u8 = 0x17;
/// X.690, section 11.7.
const GENERALIZED_TIME: u8 = 0x18;
/// How many days there are before a month, in a year that is no leap year.
const DAYS_BEFORE: [u64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];

/// The second since 1970 that a time stands for.
///
/// # Errors
/// If it is no time of the two kinds, or before 1970.
pub fn seconds(time: Element<'_>) -> Result<u64> {
    let (year, rest) = match (time.tag, time.content) {
        (UTC_TIME, [a, b, rest @ ..]) => {
            let year = number(&[*a, *b])?;
            (if year < 50 { 2000 } else { 1900 } + year, rest)
        }
        (GENERALIZED_TIME, [a, b, c, d, rest @ ..]) => (number(&[*a, *b, *c, *d])?, rest),
        _ => return Err(Malformed),
    };
    let rest = rest.strip_suffix(b"Z").ok_or(Malformed)?;
    let [month, day, hour, minute, second] = five_numbers(rest)?;
    ensure(hour < 24 && minute < 60 && second < 60)?;
    let days = days(year, month, day)?;
    Ok(((days * 24 + hour) * 60 + minute) * 60 + second)
}

/// How many days there are from 1970 to a date.
fn days(year: u64, month: u64, day: u64) -> Result<u64> {
    let is_leap = is_leap(year);
    let before = |month: u64| {
        let days = DAYS_BEFORE.get(usize::try_from(month).ok()?.checked_sub(1)?)?;
        Some(days + u64::from(is_leap && month > 2))
    };
    let start = before(month).ok_or(Malformed)?;
    let length = before(month + 1).unwrap_or(365 + u64::from(is_leap)) - start;
    ensure(year >= 1970 && (1..=length).contains(&day))?;
    let leap_days = leap_days(year - 1) - leap_days(1969);
    Ok((year - 1970) * 365 + leap_days + start + day - 1)
}

fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

/// How many leap days there are from the year 1 to the end of this one.
fn leap_days(year: u64) -> u64 {
    year / 4 - year / 100 + year / 400
}

fn five_numbers(digits: &[u8]) -> Result<[u64; 5]> {
    ensure(digits.len() == 10)?;
    let mut numbers = [0; 5];
    for (found, pair) in numbers.iter_mut().zip(digits.chunks_exact(2)) {
        *found = number(pair)?;
    }
    Ok(numbers)
}

fn number(digits: &[u8]) -> Result<u64> {
    ensure(digits.iter().all(u8::is_ascii_digit))?;
    let digits = digits.iter().map(|digit| u64::from(digit - b'0'));
    Ok(digits.fold(0, |number, digit| number * 10 + digit))
}

#[cfg(test)]
#[path = "time_tests.rs"]
mod tests;
