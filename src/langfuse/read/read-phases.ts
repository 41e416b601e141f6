import type { OwnPhase } from "../../trace/model.js";
import { PHASE_KINDS } from "../../trace/phases.js";
import type { Observation } from "../api/observation.js";
import { spanOf } from "./span-of.js";
import { sentMetadata } from "./stored-values.js";

const EVIDENCE = ["log", "export", "wire", "run"] as const;

/** Opencode's own phases among what stands below a loop or a step, in time's order; there where they were sent. */
export function readPhases(below: readonly Observation[]): readonly OwnPhase[] {
  return below
    .flatMap((observation): readonly OwnPhase[] => {
      const kind = PHASE_KINDS.find((one) => observation.name === `opencode.${one}`);
      if (kind === undefined) return [];
      const metadata = sentMetadata(observation.metadata);
      const evidence = EVIDENCE.find((one) => one === metadata.evidence) ?? "export";
      return [{ ...spanOf(observation, metadata.timing), kind, evidence }];
    })
    .sort((a, b) => a.start - b.start);
}
