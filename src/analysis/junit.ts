import { severalLines } from "../text/terminal-text.js";
import { type XmlElement, xmlDocument } from "../text/xml.js";
import { budgetTexts } from "./budget-texts.js";
import type { BudgetResult, SessionCheck } from "./check-session.js";

/** A session that could not be checked. */
export interface Unreadable {
  /** The session's id or the file, as it was named. */
  readonly source: string;
  readonly message: string;
}

/**
 * The checks as JUnit XML, which CI systems read, some of them on a terminal: a test suite a session, a test case a
 * budget. What is not known is a failure as well; a session that could not be read is an error.
 */
export function junitXml(checks: readonly SessionCheck[], unreadable: readonly Unreadable[]): string {
  const suites = [...checks.map(suiteOf), ...unreadable.map(unreadableSuite)];
  const results = checks.flatMap((check) => check.results);
  const attributes = {
    name: "looptrace check",
    tests: results.length + unreadable.length,
    failures: failuresOf(results),
    errors: unreadable.length,
    time: seconds(checks.reduce((sum, { duration }) => sum + duration, 0)),
  };
  return xmlDocument({ name: "testsuites", attributes, content: suites });
}

function suiteOf({ sessionId, title, duration, results, warnings }: SessionCheck): XmlElement {
  return {
    name: "testsuite",
    attributes: {
      name: severalLines(title === "" ? sessionId : `${title} (${sessionId})`),
      tests: results.length,
      failures: failuresOf(results),
      errors: 0,
      skipped: 0,
      time: seconds(duration),
    },
    content: [
      ...results.map((result) => caseOf(result, sessionId)),
      ...(warnings.length > 0 ? [{ name: "system-err", content: severalLines(warnings.join("\n")) }] : []),
    ],
  };
}

function caseOf(result: BudgetResult, sessionId: string): XmlElement {
  const { budget, status, note } = result;
  const attributes = { classname: severalLines(`looptrace.${sessionId}`), name: severalLines(budget), time: 0 };
  if (status === "pass") return { name: "testcase", attributes };
  const { value, limit, over } = budgetTexts(result);
  const figures = [value, limit].filter(Boolean).join(" ");
  const message = severalLines([`${budget}: ${figures}`, over, note].filter(Boolean).join(", "));
  const type = status === "fail" ? "over-budget" : "unknown";
  return { name: "testcase", attributes, content: [problem("failure", message, type)] };
}

function problem(name: "failure" | "error", message: string, type: string): XmlElement {
  return { name, attributes: { message, type }, content: message };
}

function unreadableSuite({ source, message }: Unreadable): XmlElement {
  const name = severalLines(source);
  const attributes = { name, tests: 1, failures: 0, errors: 1, skipped: 0, time: 0 };
  const error = problem("error", severalLines(message), "unreadable");
  const testcase = { name: "testcase", attributes: { classname: "looptrace", name, time: 0 }, content: [error] };
  return { name: "testsuite", attributes, content: [testcase] };
}

function failuresOf(results: readonly BudgetResult[]): number {
  return results.filter(({ status }) => status !== "pass").length;
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}
