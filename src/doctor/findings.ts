import { destinationFindings } from "./destination-findings.js";
import { environmentFindings } from "./environment-findings.js";
import type { DoctorFacts } from "./facts.js";
import { type Finding, ok } from "./finding.js";
import { configurationFindings, nodeFinding, openCodeFindings, ripgrepFinding } from "./program-findings.js";
import { serverFindings } from "./server-findings.js";
import { storeFindings } from "./store-findings.js";
import { wirePluginFinding } from "./wire-plugin-finding.js";

/** What is in order and what is not, in the order in which looptrace depends on it. Pure. */
export function findingsOf(facts: DoctorFacts): readonly Finding[] {
  return [
    nodeFinding(facts.node),
    ok("looptrace", `looptrace ${facts.looptrace}`),
    ...openCodeFindings(facts.opencode),
    ripgrepFinding(facts.ripgrep),
    ...configurationFindings(facts.configuration),
    ...destinationFindings(facts),
    ...storeFindings(facts.store),
    wirePluginFinding(facts.wirePlugin),
    ...serverFindings(facts.servers, facts.tooMuchConfiguration),
    ...environmentFindings(facts),
  ];
}
