//! What happens before the demo opens. Everything in it really happens on the emulator: Bob's function looks for its
//! key in the wrong region and orders fail; Alice finds out why and shares the fix.

use super::super::{CommitArgs, Context, Look, OpError, commit, pull, push};
use super::{TEAM, steps};
use crate::event::Events;
use crate::instance::managed::{ManagedError, http_status};
use crate::instance::{Instance, InstanceError};
use crate::pod::PodName;

const DIGITS: &str = "digits";
const ORDERS: &str = "orders";

/// Tells the story to the emulator and leaves its pods in both stores and on the remote.
pub(super) async fn tell(bob: &Context, alice: &Context, live: &Instance, events: &Events) -> Result<(), OpError> {
    play(live, "sample: digits", include_str!("../../../assets/demo/digits/1-pictures.json"), events).await?;
    save(alice, DIGITS, "Twenty pictures of digits", events).await?;
    play(live, "sample: digits", include_str!("../../../assets/demo/digits/2-function.json"), events).await?;
    save(alice, DIGITS, "A function that reads them, and its layer of templates", events).await?;
    push(alice, &DIGITS.parse()?, Some(&TEAM.parse()?), None, events).await?;

    empty(live).await?;
    play(live, "sample: orders", include_str!("../../../assets/demo/orders/1-build.json"), events).await?;
    save(bob, ORDERS, "Sign every order with the key in Secrets Manager", events).await?;
    play(live, "sample: orders", include_str!("../../../assets/demo/orders/2-fail.json"), events).await?;
    save(bob, ORDERS, "Two orders failed: why?", events).await?;
    push(bob, &ORDERS.parse()?, Some(&TEAM.parse()?), None, events).await?;

    pull(alice, &TEAM.parse()?, &ORDERS.parse()?, None, None, events).await?;
    play(live, "sample: orders, fixed", include_str!("../../../assets/demo/orders/3-fix.json"), events).await?;
    save(alice, ORDERS, "Read the key from eu-west-1, where it is", events).await?;
    push(alice, &ORDERS.parse()?, Some(&TEAM.parse()?), None, events).await?;

    take_over(bob, events).await?;
    play(live, "sample: orders, in use", include_str!("../../../assets/demo/orders/4-drift.json"), events).await
}

/// Bob pulls what Alice shared: the fix, and the digits' first version, so that the remote has a newer one.
pub(super) async fn take_over(bob: &Context, events: &Events) -> Result<(), OpError> {
    let (team, digits, orders): (_, PodName, PodName) = (TEAM.parse()?, DIGITS.parse()?, ORDERS.parse()?);
    pull(bob, &team, &orders, None, None, events).await?;
    pull(bob, &team, &digits, Some(1), None, events).await?;
    Ok(())
}

async fn play(live: &Instance, what: &str, steps: &str, events: &Events) -> Result<(), OpError> {
    events.phase(what);
    steps::run(&live.client, steps, events).await
}

async fn save(who: &Context, pod: &str, message: &str, events: &Events) -> Result<(), OpError> {
    let args = CommitArgs {
        pod: pod.parse()?,
        message: message.to_owned(),
        services: Vec::new(),
        strict: false,
        native: false,
        look: Look::Whole,
    };
    commit(who, &args, events).await?;
    Ok(())
}

/// Empties the demo's own emulator between the two applications.
async fn empty(live: &Instance) -> Result<(), OpError> {
    let endpoint = live.client.endpoint().clone();
    let port = endpoint.url().port().unwrap_or_default();
    let reset = super::in_background(move || Ok(http_status(port, "POST", "/_ministack/reset"))).await?;
    if reset == Some(200) {
        return Ok(());
    }
    let reason = format!("resetting it answered {reset:?}");
    Err(InstanceError::from(ManagedError::Install { what: "the demo".to_owned(), reason }).into())
}
