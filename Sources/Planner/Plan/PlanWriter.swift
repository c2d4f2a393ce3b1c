import Fleet

extension Plan {
    /// PLAN.json, always the same bytes for the same plan; one task a line.
    public func json() -> [UInt8] {
        var text = "{\"plan\":{\"created_at\":\(time(now)),\"now\":\(time(now)),\n  \"settings\":\(settings.json),\n"
        text += "  \"seed\":\(seed),\"stopped_early\":\(stoppedEarly),\n"
        let value = objective
        let levels: [(String, Int?)] = [
            ("unplaced", value.unplaced), ("lateness", value.lateness), ("disruption", value.disruption), ("changes", value.changes),
            ("completion", value.completion),
        ]
        let bounds = [
            ("unplaced", bound.unplaced), ("lateness", bound.lateness), ("disruption", bound.disruption), ("changes", bound.changes),
            ("completion", bound.completion),
        ]
        text += "  \"objective\":\(members(levels)),\n  \"bound\":\(members(bounds))},\n"
        text += block("waves", waves.map(wave)) + ",\n" + block("tasks", tasks.map(task)) + ",\n"
        text +=
            block("unplaced", unplaced.map(row)) + ",\n" + block("late", late.map(row)) + ",\n"
            + block("rejected_rows", rejected.map(problem)) + "}\n"
        return Array(text.utf8)
    }

    private func time(_ instant: Int) -> String { "\"" + PlanTime.text(instant) + "\"" }

    private func members(_ list: [(String, Int?)]) -> String {
        "{" + list.compactMap { name, value in value.map { "\"\(name)\":\($0)" } }.joined(separator: ",") + "}"
    }

    private func block(_ name: String, _ lines: [String]) -> String {
        " \"\(name)\":[" + (lines.isEmpty ? "]" : "\n  " + lines.joined(separator: ",\n  ") + "]")
    }

    private func wave(_ wave: PlanWave) -> String {
        "{\"wave\":\(wave.wave),\"rows\":\(PlanJSON.list(wave.rows.map { PlanJSON.quote($0) })),"
            + "\"first_start\":\(time(wave.firstStart)),\"last_end\":\(time(wave.lastEnd))}"
    }

    private func task(_ task: PlanTask) -> String {
        var text = "{\"id\":\(PlanJSON.quote(task.id)),\"kind\":\"\(task.kind.rawValue)\","
        if task.kind == .templateCopy {
            text += "\"source_waba_id\":\(PlanJSON.quote(task.sourceWABA)),\"dest_waba_id\":\(PlanJSON.quote(task.destWABA)),"
        } else {
            text += "\"row_ref\":\(PlanJSON.quote(task.rowRef)),\"operator\":\(PlanJSON.quote(task.operatorID)),\"wave\":\(task.wave ?? 0),"
        }
        return text + "\"start\":\(time(task.start)),\"end\":\(time(task.end)),\"state\":\"\(task.state.rawValue)\"}"
    }

    private func row(_ row: UnplacedRow) -> String {
        "{\"row_ref\":\(PlanJSON.quote(row.rowRef)),\"reasons\":\(reasons(row.reasons))}"
    }

    private func row(_ row: LateRow) -> String {
        "{\"row_ref\":\(PlanJSON.quote(row.rowRef)),\"days\":\(row.days),\"reasons\":\(reasons(row.reasons))}"
    }

    private func reasons(_ reasons: [UnplacedRow.Reason]) -> String {
        PlanJSON.list(
            reasons.map { reason in
                "{\"code\":\(PlanJSON.quote(reason.code)),\"message\":\(PlanJSON.quote(reason.message)),"
                    + "\"constraints\":\(PlanJSON.list(reason.constraints.map { PlanJSON.quote($0) }))}"
            })
    }

    private func problem(_ problem: FleetProblem) -> String {
        "{\"line\":\(problem.line),\"column\":\(PlanJSON.quote(problem.column)),\"code\":\(PlanJSON.quote(problem.code)),"
            + "\"value\":\(PlanJSON.quote(problem.value)),\"message\":\(PlanJSON.quote(problem.message))}"
    }
}

extension PlanningSettings {
    /// The settings with every key, in the order of CONTRACTS.
    var json: String {
        let sizes = PlanJSON.list(waveSizes.map { "\($0)" })
        let pauses = PlanJSON.list(freezes.map { "{\"from\":\"\(PlanTime.text($0.start))\",\"to\":\"\(PlanTime.text($0.end))\"}" })
        let members: [(String, String)] = [
            ("horizon_from", "\"\(PlanTime.text(horizonFrom))\""), ("horizon_to", "\"\(PlanTime.text(horizonTo))\""),
            ("slot_minutes", "\(slotMinutes)"), ("otp_minutes", "\(otpMinutes)"), ("cutover_minutes", "\(cutoverMinutes)"),
            ("copy_minutes", "\(copyMinutes)"), ("copy_lead_hours", PlanJSON.number(copyLeadHours)),
            ("otp_max_lag_hours", PlanJSON.number(otpMaxLagHours)), ("otp", "\"\(otp.rawValue)\""),
            ("max_concurrent_cutovers", "\(maxConcurrentCutovers)"),
            ("max_concurrent_cutovers_per_client", "\(maxConcurrentCutoversPerClient)"),
            ("max_cutovers_per_client_per_day", "\(maxCutoversPerClientPerDay)"), ("new_clients_per_7_days", "\(newClientsPer7Days)"),
            ("max_concurrent_copies", "\(maxConcurrentCopies)"), ("canary_share", PlanJSON.number(canaryShare)),
            ("soak_hours", PlanJSON.number(soakHours)), ("wave_sizes", sizes), ("freezes", pauses),
            ("replan_freeze_hours", PlanJSON.number(replanFreezeHours)),
        ]
        return "{" + members.map { "\"\($0.0)\":\($0.1)" }.joined(separator: ",") + "}"
    }
}
