import { severalLines } from "../text/terminal-text.js";
import { type XmlElement, xmlDocument } from "../text/xml.js";
import type { Task } from "./task.js";
import type { TaskResult } from "./task-result.js";
import type { Verified } from "./verify.js";

/**
 * The tasks of a batch as JUnit XML, which CI systems read: a test case each. A turn that failed is an error, a verify
 * command that did not pass a failure, a task without a result is skipped.
 *
 * @param results by the ids of their tasks
 */
export function batchJunit(tasks: readonly Task[], results: ReadonlyMap<string, TaskResult>, name: string): string {
  const known = tasks.flatMap(({ id }) => results.get(id) ?? []);
  const attributes = {
    name: severalLines(name),
    tests: tasks.length,
    failures: known.filter((result) => result.error === null && result.verify?.passed === false).length,
    errors: known.filter(({ error }) => error !== null).length,
    skipped: tasks.length - known.length,
    time: seconds(known.reduce((sum, { startedAt, endedAt }) => sum + endedAt - startedAt, 0)),
  };
  const suite = { name: "testsuite", attributes, content: tasks.map((task) => caseOf(task, results.get(task.id))) };
  const { skipped: _, ...all } = attributes;
  return xmlDocument({ name: "testsuites", attributes: { ...all, name: "looptrace batch" }, content: [suite] });
}

function caseOf({ id }: Task, result: TaskResult | undefined): XmlElement {
  const name = severalLines(id);
  const time = result ? seconds(result.endedAt - result.startedAt) : 0;
  const element = { name: "testcase", attributes: { classname: "looptrace.batch", name, time } };
  if (!result) return { ...element, content: [{ name: "skipped" }] };
  const { error, verify } = result;
  if (error) return { ...element, content: [problem("error", error.message, error.code, error.message)] };
  if (!verify) return element;
  const output = severalLines(verify.output);
  if (!verify.passed) return { ...element, content: [problem("failure", howOf(verify), "verify", output)] };
  return output === "" ? element : { ...element, content: [{ name: "system-out", content: output }] };
}

function howOf({ command, exitCode, signal, timedOut }: Verified): string {
  const how = timedOut ? "took too long" : exitCode !== null ? `exit ${exitCode}` : (signal ?? "could not be started");
  return `${command}: ${how}`;
}

function problem(name: "failure" | "error", message: string, type: string, content: string): XmlElement {
  return { name, attributes: { message: severalLines(message), type }, content: severalLines(content) };
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}
