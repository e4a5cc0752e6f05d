//! One `SLO` document as an SLO.
//!
//! A draft is always made: where something is wrong, that is noted, and something harmless stands in for it, so that the
//! rest is looked over as well.

use plimsoll_domain::component::Component;
use plimsoll_domain::invalid::Faults;
use plimsoll_domain::slo::burn::DEFAULT_TIERS;
use plimsoll_domain::slo::config::{DEFAULT_MINIMUM_BAD_SAMPLES, MAX_TIERS};
use plimsoll_domain::slo::window::LONGEST_WINDOW;
use plimsoll_domain::slo::{Objective, Scope, SliKind, Slo, Thresholds, Tier, Window};
use plimsoll_domain::time::Span;

use crate::annotation;
use crate::document::OCCURRENCES;
use crate::read::compared::Compared;
use crate::read::indicator::Indicator;
use crate::read::kind;
use crate::read::library::Library;
use crate::read::node::{Fields, Node, note};
use crate::read::object::{self, Object};
use crate::read::places::Places;
use crate::read::{alert, window};

const FIELDS: [&str; 8] = [
    "description",
    "service",
    "indicator",
    "indicatorRef",
    "timeWindow",
    "budgetingMethod",
    "objectives",
    "alertPolicies",
];

/// The window that an SLO without one gets.
const DEFAULT_WINDOW: Window = Window::Rolling(Span::days(30));

/// An SLO as far as it could be read, and where its parts stand in the file.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) slo: Slo,
    pub(super) places: Places,
}

impl Draft {
    /// Reads one `SLO`. Without faults the SLO is whole, and still to be validated.
    pub(super) fn read(
        object: &Object<'_>,
        library: &Library<'_>,
        components: &[Component],
        faults: &mut Faults,
    ) -> Self {
        let mut draft = Self { slo: Slo::default_availability(), places: Places::new(&object.pointer) };
        draft.read_annotations(object, components, faults);
        if let Some(spec) = object.spec.fields(&FIELDS, faults) {
            draft.read_spec(object, &spec, library, faults);
        }
        draft
    }

    fn read_annotations(&mut self, object: &Object<'_>, components: &[Component], faults: &mut Faults) {
        let annotations = &object.annotations;
        self.name(object, faults);
        let scope = annotations.parse(annotation::SCOPE, |text| known_scope(text, components), faults);
        let maintenance = annotations.value(annotation::COUNT_MAINTENANCE, "true or false", faults);
        let minimum = annotations.value(annotation::MINIMUM_BAD_SAMPLES, "a whole number", faults);
        let share = "a share of the budget such as 0.25";
        let defaults = Thresholds::default();
        let thresholds = Thresholds {
            warning: annotations.value(annotation::WARNING, share, faults).unwrap_or(defaults.warning),
            critical: annotations.value(annotation::CRITICAL, share, faults).unwrap_or(defaults.critical),
        };
        let public = annotations.value(annotation::PUBLIC, "true or false", faults);
        let slo = &mut self.slo;
        slo.scope = scope.unwrap_or_default();
        slo.count_maintenance = maintenance.unwrap_or(false);
        slo.minimum_bad_samples = minimum.unwrap_or(DEFAULT_MINIMUM_BAD_SAMPLES);
        slo.thresholds = thresholds;
        slo.public = public.unwrap_or(false);
        for (part, name) in [
            ("/minimum_bad_samples", annotation::MINIMUM_BAD_SAMPLES),
            ("/thresholds/warning", annotation::WARNING),
            ("/thresholds/critical", annotation::CRITICAL),
        ] {
            self.places.add(part, annotations.pointer_of(name));
        }
    }

    fn name(&mut self, object: &Object<'_>, faults: &mut Faults) {
        let annotated = object.annotations.get(annotation::SLO_TYPE);
        let pointer =
            annotated.map_or_else(|| format!("{}/metadata/name", object.pointer), |node| node.pointer.clone());
        let name = match annotated {
            Some(node) => node.parse(str::parse, faults),
            None => faults.keep(object.name.parse(), &pointer),
        };
        // No two documents have the same pointer, so that a stand-in is nobody else's name.
        let stand_in = || format!("refused{}", object.pointer.replace('/', "-")).parse().expect("a valid name");
        self.slo.slo_type = name.unwrap_or_else(stand_in);
        self.places.add("/slo_type", pointer);
    }

    fn read_spec(&mut self, object: &Object<'_>, spec: &Fields<'_>, library: &Library<'_>, faults: &mut Faults) {
        if let Some(service) = spec.required("service", "the name of a service", faults) {
            service.text(faults);
        }
        if let Some(method) = spec.required("budgetingMethod", OCCURRENCES, faults) {
            method.parse(only_occurrences, faults);
        }
        // Of what is wrong, the longest window: no tier is too long for it.
        self.slo.window = spec
            .optional("timeWindow")
            .map_or(DEFAULT_WINDOW, |node| window::read(&node, faults).unwrap_or(Window::Rolling(LONGEST_WINDOW)));
        self.places.add("/window", format!("{}/0/duration", spec.pointer_of("timeWindow")));
        let indicator = indicator(spec, library, faults);
        let compared = self.read_objective(spec, indicator.as_ref(), faults);
        let kind = kind::read(&object.annotations, indicator.as_ref(), compared.as_ref(), &mut self.places, faults);
        self.slo.kind = kind.unwrap_or(SliKind::Events);
        self.read_tiers(object, spec, library, faults);
    }

    /// Reads the one objective; returns with what it compares, when it does.
    fn read_objective(
        &mut self,
        spec: &Fields<'_>,
        indicator: Option<&Indicator>,
        faults: &mut Faults,
    ) -> Option<Compared> {
        let list = spec.required("objectives", "a list of one objective", faults)?;
        let objective = list.only_item(" objective (an SLO for each: composite SLOs are not measured)", faults)?;
        let known = [
            "displayName",
            "op",
            "value",
            "target",
            "targetPercent",
            "timeSliceTarget",
            "timeSliceWindow",
            "indicator",
            "indicatorRef",
            "compositeWeight",
        ];
        let fields = objective.fields(&known, faults)?;
        fields.refuse(&["timeSliceTarget", "timeSliceWindow"], "expected no time slices: each event counts", faults);
        let composite = ["indicator", "indicatorRef", "compositeWeight"];
        fields.refuse(&composite, "expected the indicator in spec: composite SLOs are not measured", faults);
        if let Some(target) = target(&fields, faults) {
            self.slo.objective = target;
        }
        Compared::read(&fields, indicator?, faults)
    }

    fn read_tiers(&mut self, object: &Object<'_>, spec: &Fields<'_>, library: &Library<'_>, faults: &mut Faults) {
        let policies = spec.optional("alertPolicies");
        let written = object.annotations.parse(annotation::TIERS, default_or_own, faults);
        self.slo.tiers = policies.as_ref().map_or_else(Vec::new, |node| self.own_tiers(node, library, faults));
        let is_default = match written {
            // Somebody may have changed them since.
            Some(is_default) => is_default && usable_defaults(self.slo.window) == self.slo.tiers,
            None => policies.is_none(),
        };
        if is_default {
            self.slo.tiers = DEFAULT_TIERS.to_vec();
        }
        self.places.add("/tiers", spec.pointer_of("alertPolicies"));
    }

    fn own_tiers(&mut self, policies: &Node<'_>, library: &Library<'_>, faults: &mut Faults) -> Vec<Tier> {
        let items = policies.items(faults).unwrap_or_default();
        if items.len() > MAX_TIERS {
            let detail = format!("expected at most {MAX_TIERS} alert policies, got {}", items.len());
            note(faults, &policies.pointer, detail);
            return Vec::new();
        }
        let mut tiers = Vec::new();
        for item in items {
            let Some(condition) = alert::policy_of(&item, &library.policies, &library.conditions, faults) else {
                continue;
            };
            let part = format!("/tiers/{}", tiers.len());
            for (field, pointer) in ["long", "short", "budget_share"].into_iter().zip(condition.pointers.clone()) {
                self.places.add(&format!("{part}/{field}"), pointer);
            }
            tiers.push(condition.tier(self.slo.window, faults));
        }
        tiers
    }
}

/// The default tiers that an SLO of this window is written with.
fn usable_defaults(window: Window) -> Vec<Tier> {
    DEFAULT_TIERS.into_iter().filter(|tier| tier.long <= window.shortest()).collect()
}

fn indicator(spec: &Fields<'_>, library: &Library<'_>, faults: &mut Faults) -> Option<Indicator> {
    match (spec.optional("indicator"), spec.optional("indicatorRef")) {
        (Some(node), None) => {
            let object = object::inline("SLI", &node, faults)?;
            Indicator::read(&object.spec, &library.sources, faults)
        }
        (None, Some(node)) => {
            let name = node.text(faults)?;
            let found = library.indicators.get(name);
            faults.require(found.is_some(), &node.pointer, || {
                format!("expected the name of an SLI in this file, got {name:?}")
            });
            found?.clone()
        }
        (Some(_), Some(node)) => {
            note(faults, &node.pointer, "expected no indicatorRef beside an indicator");
            None
        }
        (None, None) => {
            note(faults, &spec.pointer_of("indicator"), "expected an indicator or an indicatorRef, got nothing");
            None
        }
    }
}

fn target(objective: &Fields<'_>, faults: &mut Faults) -> Option<Objective> {
    match (objective.optional("target"), objective.optional("targetPercent")) {
        (Some(node), None) => {
            let ratio = node.number(faults)?;
            faults.keep(Objective::new(ratio), &node.pointer)
        }
        (None, Some(node)) => {
            let percent = node.number(faults)?;
            faults.keep(of_percent(percent), &node.pointer)
        }
        (Some(_), Some(node)) => {
            note(faults, &node.pointer, "expected no targetPercent beside a target");
            None
        }
        (None, None) => {
            note(faults, &objective.pointer_of("target"), "expected a target such as 0.999, got nothing");
            None
        }
    }
}

/// 99.9 % is 0.999, and not what 99.9 ÷ 100 is in binary.
fn of_percent(percent: f64) -> Result<Objective, String> {
    let wrong = || format!("expected a percentage above 0 and below 100, such as 99.9, got {percent}");
    let ratio = format!("{percent}e-2").parse().ok();
    ratio.and_then(|ratio| Objective::new(ratio).ok()).ok_or_else(wrong)
}

fn only_occurrences(text: &str) -> Result<(), String> {
    if text == OCCURRENCES {
        return Ok(());
    }
    Err(format!("expected {OCCURRENCES}: events are counted, and not slices of time, got {text:?}"))
}

fn default_or_own(text: &str) -> Result<bool, String> {
    match text {
        annotation::DEFAULT_TIERS => Ok(true),
        annotation::OWN_TIERS => Ok(false),
        _ => Err(format!("expected default or own, got {text:?}")),
    }
}

fn known_scope(text: &str, components: &[Component]) -> Result<Scope, String> {
    let scope = annotation::scope_of(text)?;
    match &scope {
        Scope::Component(id) if !components.iter().any(|component| &component.id == id) => {
            Err(format!("expected a component of this tenant, got {:?}", id.as_str()))
        }
        _ => Ok(scope),
    }
}
