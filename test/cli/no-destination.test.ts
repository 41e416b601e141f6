import { describe, expect, test } from "vitest";
import { howToSee } from "../../src/cli/how-to-see.js";
import { noDestinationText, switchedOffText } from "../../src/cli/no-destination.js";

const LANGFUSE = { LANGFUSE_PUBLIC_KEY: "pk-lf-made-up", LANGFUSE_SECRET_KEY: "sk-lf-made-up" };
const OTLP = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:4318" };

describe("why nothing is sent", () => {
  test.each([
    [{ ...LANGFUSE, OTEL_SDK_DISABLED: "true" }, "OTEL_SDK_DISABLED switches off", "unset it"],
    [{ ...LANGFUSE, ...OTLP, OTEL_SDK_DISABLED: "true" }, "OTEL_SDK_DISABLED switches off", "unset it"],
    [{ ...LANGFUSE, LANGFUSE_TRACING_ENABLED: "false" }, "LANGFUSE_TRACING_ENABLED switches off", "unset it"],
    [{ ...OTLP, OTEL_TRACES_EXPORTER: "none" }, "OTEL_TRACES_EXPORTER switches off", "unset it"],
    [
      { ...LANGFUSE, ...OTLP, LANGFUSE_TRACING_ENABLED: "0", OTEL_TRACES_EXPORTER: "none" },
      "LANGFUSE_TRACING_ENABLED and OTEL_TRACES_EXPORTER switch off",
      "unset them",
    ],
  ])("%j", (env, who, what) => {
    const text = `${who} what is configured, so nothing was sent; ${what} to send traces.`;
    expect(noDestinationText({ env }, "so nothing was sent")).toBe(text);
    expect(switchedOffText({ env }, "so nothing was sent")).toBe(text);
  });

  test("a variable that switches nothing off, as nothing is configured, is not blamed", () => {
    const env = { OTEL_SDK_DISABLED: "true", OTEL_TRACES_EXPORTER: "none" };
    expect(noDestinationText({ env }, "so nothing was sent")).toMatch(
      /^No destination is configured, so nothing was sent; set LANGFUSE_PUBLIC_KEY and /,
    );
    expect(switchedOffText({ env }, "so nothing was sent")).toBeUndefined();
  });
});

test.each([
  [["a.json"], "Of a file nothing is kept either: `looptrace show a.json` shows the trace."],
  [["-"], "Of a file nothing is kept either: `looptrace show -` shows the trace."],
  [["-a.json"], "Of a file nothing is kept either: `looptrace show ./-a.json` shows the trace."],
  [["my $a's.json"], "Of a file nothing is kept either: `looptrace show 'my $a'\\''s.json'` shows the trace."],
  [["a\u001b[2J.json"], "Of a file nothing is kept either: `looptrace show a.json` shows the trace."],
  [["ses_00000000000000000000000000"], "`looptrace show ses_00000000000000000000000000` shows the trace."],
  [["a.json", "b.json"], "Of a file nothing is kept either: `looptrace show` shows the traces, given the same."],
])("how to see the trace of %j", (sources, text) => {
  expect(howToSee(sources)).toBe(text);
});
