//! The key that chooses a finding.

use crate::dashboard::state::State;

/// Chooses a finding above or below, whose heatmap is then shown.
pub(in crate::dashboard) fn move_label(state: &mut State, by: isize) {
    let selected = state.selected_label();
    let findings = state.findings();
    let Some(index) = findings.iter().position(|finding| Some(finding.label.as_str()) == selected) else {
        return;
    };
    let next = index.saturating_add_signed(by).min(findings.len() - 1);
    state.label = Some(findings[next].label.clone());
}
