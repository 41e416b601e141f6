import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { reportBuilder } from "../../../src/web/data/build-report.js";
import { embeddedJson } from "../../../src/web/data/embedded-json.js";
import { reportHtml } from "../../../src/web/data/report-html.js";
import { traceOf } from "../../support/fixtures.js";

const ATTACKS = ["</script>", "<!--", "<script>", "-->", "]]>", "&lt;", "\u2028", "\u2029", "\u202e", "\ufeff"];

test("no text in embedded JSON means anything to an HTML parser, and all of it comes back", () => {
  const text = fc.oneof(fc.string(), fc.constantFrom(...ATTACKS)).map((one) => `${one}${one.toUpperCase()}`);
  fc.assert(
    fc.property(fc.dictionary(text, fc.array(text)), (value) => {
      const json = embeddedJson(value);
      expect(json).not.toMatch(/[<>&\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\ufeff]/);
      expect(JSON.parse(json)).toEqual(value);
    }),
  );
});

function htmlOf(title: string): string {
  const builder = reportBuilder("1.2.3");
  builder.add(traceOf("multistep@1.18.33"));
  return reportHtml(builder.finish(title), { script: "run()", style: "b{}" }).join("");
}

test("the policy allows this script and this style and nothing else", () => {
  const html = htmlOf("A title");
  const hash = (text: string): string => createHash("sha256").update(text).digest("base64");
  const policy = /<meta http-equiv="Content-Security-Policy" content="([^"]*)">/.exec(html)?.[1] ?? "";
  expect(policy.split("; ")).toEqual([
    "default-src 'none'",
    `script-src 'sha256-${hash("run()")}'`,
    `style-src 'sha256-${hash("b{}")}'`,
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ]);
  expect(policy).not.toContain("unsafe");
  // The policy has to come before anything that it is to rule.
  expect(html.indexOf("Content-Security-Policy")).toBeLessThan(html.indexOf("<style>"));
});

test("a title is text", () => {
  const html = htmlOf(`</title><script>alert("1")</script>&'`);
  expect(html).toContain(
    "<title>&#60;/title&#62;&#60;script&#62;alert(&#34;1&#34;)&#60;/script&#62;&#38;&#39;</title>",
  );
  expect(html.match(/<script>/g)).toHaveLength(1);
});
