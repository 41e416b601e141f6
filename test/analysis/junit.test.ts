import fc from "fast-check";
import { XMLParser, XMLValidator } from "fast-xml-parser";
import { expect, test } from "vitest";
import { z } from "zod";
import type { SessionCheck } from "../../src/analysis/check-session.js";
import { junitXml, type Unreadable } from "../../src/analysis/junit.js";
import { anyCharacter } from "../support/any-character.js";

const number = z.coerce.number();
const problem = z.object({ "@message": z.string(), "@type": z.string(), "#text": z.string().optional() });
const counts = { "@tests": number, "@failures": number, "@errors": number, "@time": number };

/** What CI systems read of it. */
const report = z.strictObject({
  "?xml": z.object({ "@version": z.literal("1.0"), "@encoding": z.literal("UTF-8") }),
  testsuites: z.strictObject({
    "@name": z.string(),
    ...counts,
    testsuite: z.array(
      z.strictObject({
        "@name": z.string(),
        "@skipped": number,
        ...counts,
        testcase: z.array(
          z.strictObject({
            "@classname": z.string(),
            "@name": z.string(),
            "@time": number,
            failure: problem.optional(),
            error: problem.optional(),
          }),
        ),
        "system-err": z.string().optional(),
      }),
    ),
  }),
});

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: "@",
  trimValues: false,
  parseTagValue: false,
  // Numeric references among them.
  htmlEntities: true,
  isArray: (name) => ["testsuite", "testcase"].includes(name),
});

/** Everything that XML 1.0 lets stand in a document. */
const ALLOWED = /^[\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]*$/u;

function parsed(xml: string): z.output<typeof report>["testsuites"] {
  expect(XMLValidator.validate(xml)).toBe(true);
  expect(xml).toMatch(ALLOWED);
  const document: unknown = parser.parse(xml);
  // White space between the elements is text of its own.
  const withoutSpace = JSON.parse(
    JSON.stringify(document, (key, value: unknown) =>
      key === "#text" && typeof value === "string" && value.trim() === "" ? undefined : value,
    ),
  );
  return report.parse(withoutSpace).testsuites;
}

function checkOf(text: string): SessionCheck {
  return {
    sessionId: `ses_1${text}`,
    title: text,
    turns: 1,
    duration: 1234,
    passed: false,
    results: [
      { budget: "max-steps", unit: "count", status: "pass", value: 2, limit: 2, over: null, note: null },
      {
        budget: `max-tool ${text}:p90`,
        unit: "ms",
        status: "fail",
        value: 30,
        limit: 20,
        over: 10,
        note: text,
      },
      { budget: "max-cost", unit: "usd", status: "unknown", value: null, limit: 0.5, over: null, note: text },
    ],
    warnings: [`one ${text}`, "two"],
  };
}

test("a suite a session, a case a budget; what is not known is a failure, what cannot be read an error", () => {
  const all = parsed(junitXml([checkOf("a"), checkOf("b")], [{ source: "c.json", message: "no such file" }]));
  expect(all).toMatchObject({ "@tests": 7, "@failures": 4, "@errors": 1, "@time": 2.468 });
  expect(all.testsuite.map((suite) => [suite["@name"], suite["@tests"], suite["@failures"], suite["@errors"]])).toEqual(
    [
      ["a (ses_1a)", 3, 2, 0],
      ["b (ses_1b)", 3, 2, 0],
      ["c.json", 1, 0, 1],
    ],
  );
  expect(all.testsuite[0]?.testcase).toEqual([
    { "@classname": "looptrace.ses_1a", "@name": "max-steps", "@time": 0 },
    {
      "@classname": "looptrace.ses_1a",
      "@name": "max-tool a:p90",
      "@time": 0,
      failure: {
        "@type": "over-budget",
        "@message": "max-tool a:p90: 30ms of 20ms, over by 10ms (50%), a",
        "#text": "max-tool a:p90: 30ms of 20ms, over by 10ms (50%), a",
      },
    },
    {
      "@classname": "looptrace.ses_1a",
      "@name": "max-cost",
      "@time": 0,
      failure: {
        "@type": "unknown",
        "@message": "max-cost: – of $0.5000, a",
        "#text": "max-cost: – of $0.5000, a",
      },
    },
  ]);
  expect(all.testsuite[0]?.["system-err"]).toBe("one a\ntwo");
  expect(all.testsuite[2]?.testcase[0]?.error).toEqual({
    "@type": "unreadable",
    "@message": "no such file",
    "#text": "no such file",
  });
});

test("without a session it is an empty report", () => {
  const xml = junitXml([], []);
  expect(XMLValidator.validate(xml)).toBe(true);
  expect(xml).toContain('<testsuites name="looptrace check" tests="0" failures="0" errors="0" time="0.000"/>');
});

test.each([
  ["markup", "a < b && c > d </failure> <!-- ]]> -->", "a < b && c > d </failure> <!-- ]]> -->"],
  ["quotes", `"double" 'single' &quot; &#0; &amp;`, `"double" 'single' &quot; &#0; &amp;`],
  ["lines and tabs", "one\ntwo\tthree", "one\ntwo\tthree"],
  ["characters that XML forbids", "a\u0000b\u0001c\u000bd\u001fe\ufffef\uffffg", "abcdefg"],
  ["half a character", "a\ud83db", "a\ufffdb"],
  ["wide ones", "漢字 👩‍👩‍👧 🇩🇪", "漢字 👩‍👩‍👧 🇩🇪"],
  ["what steers terminals", "\u001b[31mred\u009b2J\u202Eevil", "redevil"],
])("%s come back as they were, as far as they may stand there", (_, text, expected) => {
  const suite = parsed(junitXml([checkOf(text)], [])).testsuite[0];
  expect(suite?.["@name"]).toBe(`${expected} (ses_1${expected})`);
  expect(suite?.["system-err"]).toBe(`one ${expected}\ntwo`);
  expect(suite?.testcase[1]?.failure?.["@message"]).toBe(
    `max-tool ${expected}:p90: 30ms of 20ms, over by 10ms (50%), ${expected}`,
  );
});

test("any text gives a valid document", () => {
  const texts = fc.oneof(fc.string({ unit: anyCharacter }), fc.string({ unit: "grapheme" }));
  fc.assert(
    fc.property(texts, texts, (text, other) => {
      const unreadable: Unreadable = { source: other, message: text };
      const { testsuite } = parsed(junitXml([checkOf(text)], [unreadable]));
      expect(testsuite.map(({ testcase }) => testcase.length)).toEqual([3, 1]);
    }),
  );
});
