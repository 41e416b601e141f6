import type { Interval } from "../../opencode/model.js";
import type { Call, Loop, TimeAccount, Tool } from "../../trace/model.js";
import type { Observation } from "../api/observation.js";
import type { ObservationTree } from "./observation-tree.js";

/** What reading the parts of a loop needs to know of the trace. */
export interface LoopReader {
  readonly tree: ObservationTree;
  /** Which opencode it was: the tools that it brings along differ. */
  readonly generation: 1 | 2;
  /** The loop's agent, which stands on its steps only where theirs is another one. */
  readonly agent: string | null;
  /** Whether a fork copied the loop: its tokens were sent as none. */
  readonly copied: boolean;
  /** The loops of subagents that were started there, by when they began. */
  readonly loopsBelow: (observation: Observation) => readonly Loop[];
  /** Where time went, of what does not tell. */
  readonly accountWithin: (bounds: Interval, call: Call | null, tools: readonly Tool[]) => TimeAccount;
}
