import { severalLines } from "../text/terminal-text.js";
import { type XmlElement, xmlDocument } from "../text/xml.js";
import type { MeasureComparison } from "./compare.js";
import type { ExperimentResult } from "./experiment-result.js";
import { changeText, intervalText, MEASURE_NAMES, missingText, VERDICT_NAMES } from "./experiment-texts.js";
import type { FailOn } from "./fail-on.js";

/**
 * The result as JUnit XML: a test suite an arm, a test case a measure. One that is worse is a failure; one of which
 * nothing can be said is skipped, or a failure where the caller fails on that.
 */
export function experimentJunit({ name, base, comparisons, warnings }: ExperimentResult, failOn: FailOn): string {
  const suites = comparisons.map(({ arm, comparisons: all }): XmlElement => {
    const cases = all.map((one) => caseOf(one, `looptrace.experiment.${arm}`, failOn));
    return {
      name: "testsuite",
      attributes: { name: severalLines(`${name}: ${arm} against ${base}`), ...countsOf(all, failOn), errors: 0 },
      content: [
        ...cases,
        ...(warnings.length > 0 ? [{ name: "system-err", content: severalLines(warnings.join("\n")) }] : []),
      ],
    };
  });
  const all = comparisons.flatMap((one) => one.comparisons);
  const attributes = { name: "looptrace experiment", ...countsOf(all, failOn), errors: 0 };
  return xmlDocument({ name: "testsuites", attributes, content: suites });
}

function caseOf(one: MeasureComparison, classname: string, failOn: FailOn): XmlElement {
  const attributes = { classname: severalLines(classname), name: MEASURE_NAMES[one.measure], time: 0 };
  const kind = kindOf(one, failOn);
  if (kind === "passed") return { name: "testcase", attributes };
  const figures = `${changeText(one)} (${intervalText(one)})`;
  const missing = one.missing === null ? "" : `: ${missingText(one)} are missing`;
  const message = `${VERDICT_NAMES[one.verdict]}, ${figures}${missing}`;
  if (kind === "skipped")
    return { name: "testcase", attributes, content: [{ name: "skipped", attributes: { message } }] };
  const failure = { name: "failure", attributes: { message, type: one.verdict }, content: message };
  return { name: "testcase", attributes, content: [failure] };
}

function kindOf({ verdict }: MeasureComparison, failOn: FailOn): "passed" | "failed" | "skipped" {
  if (verdict === "worse") return failOn === "nothing" ? "skipped" : "failed";
  if (verdict === "better" || verdict === "none") return "passed";
  return failOn === "undecided" ? "failed" : "skipped";
}

function countsOf(all: readonly MeasureComparison[], failOn: FailOn) {
  const kinds = all.map((one) => kindOf(one, failOn));
  return {
    tests: all.length,
    failures: kinds.filter((kind) => kind === "failed").length,
    skipped: kinds.filter((kind) => kind === "skipped").length,
  };
}
