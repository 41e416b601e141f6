import { InvalidArgumentError } from "commander";
import { isStepPath } from "../analysis/step-path.js";

/** The path of a step, such as `5/0/2`. */
export function parseStepPath(text: string): string {
  if (isStepPath(text)) return text;
  throw new InvalidArgumentError(
    "Give a step such as 5, or 5/0/2 for step 2 of the first subagent that step 5 started.",
  );
}
