//! Who takes part in a comparison: the backends that were named, or all of a location that are not known to be down.

use crate::inbound::Head;
use crate::lookup::Lookup;
use crate::prepare::{self, Prepared, Refused};
use crate::record::Record;
use gateway_comparison::asked::{self, ComparisonRequest};
use gateway_comparison::report::Skipped;
use gateway_comparison::tally::Contender;
use gateway_comparison::verdict;
use gateway_core::backend::reference::{BackendRef, Location};
use gateway_core::backend::registry::{Backend, Listed};
use gateway_core::fields::Field;
use gateway_core::health::entry::{self, State};
use gateway_core::health::observation::{Observation, in_short};
use gateway_core::health::outcome::Outcome;
use gateway_core::limits::MAX_COMPARED_BACKENDS;
use gateway_core::request::route::Choice;
use gateway_core::response::error::GatewayError;
use gateway_core::response::error::no_comparison::NoComparison;
use gateway_core::time::Timestamp;

/// One row of the report before the first round.
pub(super) struct Entrant {
    /// What the report and the judge need to know of it.
    pub(super) contender: Contender,
    /// The verdict before the comparison, where it came to that.
    pub(super) health: Option<State>,
    /// What is asked, or why it is not asked at all.
    pub(super) ready: Result<Ready, GatewayError>,
}

/// A backend that is asked.
pub(super) struct Ready {
    pub(super) prepared: Prepared,
    /// The fields of each of its requests.
    pub(super) fields: Vec<Field>,
    /// What each of its exchanges says about its health, and when.
    pub(super) outcomes: Vec<(Outcome, Timestamp)>,
}

/// Those that take part, in the order in which they were named, and those that `*` did not take.
pub(super) struct Entrants {
    pub(super) list: Vec<Entrant>,
    pub(super) skipped: Vec<Skipped>,
}

/// What the request is, and where it leaves what is learnt on the way.
struct Gathering<'a> {
    head: &'a Head,
    lookup: &'a Lookup,
    record: &'a Record,
    learnt: &'a mut Vec<Observation>,
}

/// Gathers the backends of `choice`.
///
/// # Errors
/// An id that is none; of all backends of a location, fewer than two are left.
pub(super) fn gather(
    head: &Head,
    lookup: &Lookup,
    record: &Record,
    learnt: &mut Vec<Observation>,
    choice: Choice,
) -> Result<Entrants, GatewayError> {
    let mut gathering = Gathering { head, lookup, record, learnt };
    match choice {
        Choice::All(location) => gathering.all(location),
        Choice::Several(backends) => gathering.named(backends),
        Choice::One(backend) => gathering.named(vec![backend]),
    }
}

/// The ids of `entrants`, for the log.
pub(super) fn ids(entrants: &[Entrant]) -> String {
    let ids: Vec<_> = entrants.iter().map(|entrant| &*entrant.contender.backend.id).collect();
    ids.join(",")
}

/// The place of the reference, where one is asked for.
///
/// # Errors
/// It is not among the entrants; where it is left out, the reason.
pub(super) fn reference(
    asked: &ComparisonRequest,
    entrants: &[Entrant],
    skipped: &[Skipped],
) -> Result<Option<usize>, GatewayError> {
    let left_out: Vec<_> = skipped.iter().map(|left| BackendRef::new(&*left.backend, left.location)).collect();
    let taken = entrants.iter().map(|entrant| &entrant.contender.backend);
    let place = asked.reference(&taken.chain(&left_out).collect::<Vec<_>>())?;
    match place.and_then(|place| skipped.get(place.checked_sub(entrants.len())?)) {
        Some(Skipped { backend, location, reason }) => {
            let backend = BackendRef::new(&**backend, *location);
            Err(NoComparison::ReferenceLeftOut { backend, reason: reason.clone() }.into())
        }
        None => Ok(place),
    }
}

impl Entrant {
    /// What its exchanges teach, in short.
    pub(super) fn observations(self) -> Vec<Observation> {
        let Ok(Ready { prepared, outcomes, .. }) = self.ready else {
            return Vec::new();
        };
        in_short(outcomes).into_iter().map(|(outcome, at)| prepared.clone().observation(outcome, at)).collect()
    }
}

impl Gathering<'_> {
    /// The backends that were named. One that cannot be asked is a row; an id that is none is a mistake of the client.
    fn named(&mut self, backends: Vec<BackendRef>) -> Result<Entrants, GatewayError> {
        let mut list = Vec::with_capacity(backends.len());
        for reference in backends {
            list.push(match self.lookup.backend(&reference)? {
                Ok(backend) => self.entrant(backend),
                Err(error) => {
                    let contender = Contender { name: reference.id.clone(), backend: reference, urls: Vec::new() };
                    Entrant { contender, health: None, ready: Err(error.into()) }
                }
            });
        }
        Ok(Entrants { list, skipped: Vec::new() })
    }

    /// All backends of `location`, but for those that cannot be asked or were down when they were last checked: whether the pause of one is over just now must
    /// not decide on agreement.
    fn all(&mut self, location: Location) -> Result<Entrants, GatewayError> {
        let mut list = Vec::new();
        let mut skipped = Vec::new();
        for Listed { reference, backend, .. } in self.lookup.listed(location)? {
            let taken = match backend {
                Err(error) => Err(error.to_string()),
                Ok(_) if list.len() >= MAX_COMPARED_BACKENDS => {
                    Err(format!("only the first {MAX_COMPARED_BACKENDS} are taken"))
                }
                Ok(backend) => self.unless_down(backend),
            };
            match taken {
                Ok(entrant) => list.push(entrant),
                Err(reason) => skipped.push(Skipped::new(reference, reason)),
            }
        }
        if list.len() < 2 {
            return Err(NoComparison::TooFew { reasons: verdict::reasons(&skipped) }.into());
        }
        Ok(Entrants { list, skipped })
    }

    /// `backend`, or why it is left out.
    fn unless_down(&mut self, backend: Backend) -> Result<Entrant, String> {
        let entrant = self.entrant(backend);
        let prepared = match &entrant.ready {
            Ok(ready) => &ready.prepared,
            Err(error) => return Err(error.to_string()),
        };
        let Some(down) = prepared.known.as_ref().filter(|entry| entry.was_down()) else {
            return Ok(entrant);
        };
        let reason = format!("unhealthy at its last check ({})", down.reason.as_deref().unwrap_or_default());
        // As for a request that is turned away: it may be back.
        self.learnt.push(prepared.clone().observation(Outcome::Nothing, self.record.time));
        Err(reason)
    }

    /// `backend`, with what a request to it alone would check and add.
    fn entrant(&mut self, backend: Backend) -> Entrant {
        let Gathering { head, lookup, record, learnt } = self;
        let mut urls = vec![backend.url.to_string(), backend.url.origin()];
        urls.extend(head.origin.url());
        let contender = Contender { backend: backend.reference.clone(), name: backend.name.clone(), urls };
        let (health, ready) = match prepare::for_client(lookup, backend, head, record.time) {
            Ok(prepared) => {
                let fields = prepared.client_fields(head.fields.clone(), head.origin.clone(), &record.request_id, None);
                let fields = asked::to_backend(fields, &contender.backend.id);
                let health = Some(entry::state(prepared.known.as_ref(), record.time));
                (health, Ok(Ready { prepared, fields, outcomes: Vec::new() }))
            }
            Err(Refused { error, health, observation }) => {
                learnt.extend(observation.map(|observation| *observation));
                (health, Err(error))
            }
        };
        Entrant { contender, health, ready }
    }
}
