import type { Loop, LoopTrace, Step, Tool } from "../../src/trace/model.js";

/** What is known of a request that was tried again, where its recording tells more than opencode's log. */
interface ToldOfRetry {
  readonly error: string;
  readonly text: string;
}

/**
 * What a trace says about what happened, without what differs from run to run: times, ids, and words in which opencode
 * names places and times of this run.
 *
 * @param told what each retry is to say in place of what it says
 */
export function outline(traces: readonly LoopTrace[], place: string, told?: ToldOfRetry): unknown {
  const plain = (value: unknown): unknown =>
    JSON.parse(
      JSON.stringify(value ?? null)
        .replaceAll(place, "<work>")
        .replace(/\b(?:ses|msg|prt|tool)_[0-9A-Za-z]{20,30}/g, "<id>")
        // The scripted provider's own, by the request's number: a title may be asked for before the first step or after.
        .replace(/\bcall_\d+_/g, "call_<n>_"),
    );
  const ofTool = ({ name, status, outcome, failure, input, output, loops }: Tool): unknown =>
    plain({ name, status, outcome, failure: failure?.kind, input, output, loops: loops.map(ofLoop) });
  const ofStep = ({ kind, outcome, recovered, call, tools, retries, events, patches }: Step): unknown => ({
    kind,
    outcome,
    recovered,
    call: call && {
      outcome: call.outcome,
      input: plain(call.input),
      output: plain(call.output),
      usage: call.usage,
      cost: call.cost,
      finish: call.finish,
      error: call.error?.code,
      cumulative: call.cumulative,
    },
    tools: tools.map(ofTool),
    retries: retries.map(({ error, output }) => [
      told?.error ?? error?.code,
      plain(told ? { ...output, text: told.text } : output),
    ]),
    // Only a server tells what was asked for.
    events: events.map(({ name }) => name).filter((name) => name !== "permission"),
    patches: patches.length,
  });
  const ofLoop = ({ agent, model, input, output, outcome, error, failedStep, steps, totals }: Loop): unknown => ({
    agent,
    model,
    input: plain(input),
    output: plain(output),
    outcome,
    error: error?.code,
    failedStep,
    steps: steps.map(ofStep),
    usage: totals.usage,
  });
  return traces.map(({ loop }) => ofLoop(loop));
}
