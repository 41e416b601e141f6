import { defined } from "../text/json-fields.js";
import { type ErrorContext, failure } from "./error-context.js";
import type { ErrorFacts } from "./error-facts.js";

/** What is known beside a finish reason. */
export interface FinishContext extends Omit<ErrorContext, "evidence"> {
  /** What the model had written until then. */
  readonly partialText?: string | undefined;
}

/**
 * What the finish reason of a turn's last message means.
 *
 * @param finish opencode's `info.finish`: `stop`, `tool-calls`, `length`, `content-filter`, `unknown`, `error`, …
 * @returns `null` for `stop` and `tool-calls`, which are no failure by themselves
 */
export function classifyFinish(finish: string, around: FinishContext = {}): ErrorFacts | null {
  const context: ErrorContext = { ...around, evidence: "finish" };
  switch (finish) {
    case "stop":
    case "tool-calls":
      return null;
    case "length": {
      const message = "The model stopped at its limit of output tokens before the answer was complete.";
      const partialText = around.partialText || undefined;
      return {
        ...failure("max_output_tokens", message, context),
        reason: "output_limit",
        ...defined({ partialText }),
      };
    }
    case "content-filter":
      return failure("content_filter", "The provider's content filter stopped the answer.", context);
    case "error":
      return failure("unknown", "The last message ended in an error that opencode did not record.", context);
    default: {
      // `unknown` is what a cut stream, an empty answer and an HTML page with status 200 end in.
      const message = `The provider did not say why its answer ended (finish reason "${finish}"): it may be cut off or empty.`;
      return failure("unknown", message, context);
    }
  }
}
