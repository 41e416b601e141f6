import type { Call, Loop, OwnPhase, Retry, Span, Step, StepEvent, Tool } from "../../src/trace/model.js";

export function loopsIn(loop: Loop): readonly Loop[] {
  const found: Loop[] = [loop];
  const take = (below: readonly Loop[]): void => {
    for (const one of below) found.push(...loopsIn(one));
  };
  for (const { tools, loops } of loop.steps) {
    for (const tool of tools) take(tool.loops);
    take(loops);
  }
  take(loop.loops);
  return found;
}
export function stepsIn(loop: Loop): readonly Step[] {
  return loopsIn(loop).flatMap(({ steps }) => steps);
}
export function callsIn(loop: Loop): readonly Call[] {
  return stepsIn(loop).flatMap(({ call }) => call ?? []);
}
export function retriesIn(loop: Loop): readonly Retry[] {
  return stepsIn(loop).flatMap(({ retries }) => retries);
}
export function toolsIn(loop: Loop): readonly Tool[] {
  return stepsIn(loop).flatMap(({ tools }) => tools);
}
/** What scripts called, each as long as its script. */
export function innerCallsIn(loop: Loop): readonly Span[] {
  return toolsIn(loop).flatMap(({ start, end, innerCalls }) =>
    innerCalls.map(({ spanId }) => ({ spanId, start, end, timing: "bounded" as const })),
  );
}
export function eventsIn(loop: Loop): readonly StepEvent[] {
  return stepsIn(loop).flatMap(({ events }) => events);
}
/** Opencode's own, those around the turn left out. */
export function phasesIn(loop: Loop): readonly OwnPhase[] {
  return loopsIn(loop).flatMap((one) => [...one.phases, ...one.steps.flatMap(({ phases }) => phases)]);
}
/** All spans with a duration. */
export function spansIn(loop: Loop): readonly Span[] {
  return [
    ...[...loopsIn(loop), ...stepsIn(loop), ...callsIn(loop), ...retriesIn(loop), ...toolsIn(loop)],
    ...innerCallsIn(loop),
  ];
}
