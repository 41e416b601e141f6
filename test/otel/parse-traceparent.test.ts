import { expect, test } from "vitest";
import { parseTraceparent } from "../../src/otel/parse-traceparent.js";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const SPAN = "b7ad6b7169203331";

test.each([`00-${TRACE}-${SPAN}-01`, ` 00-${TRACE}-${SPAN}-00\n`, `cc-${TRACE}-${SPAN}-01-what-comes-later`])(
  "%j is a parent",
  (value) => {
    expect(parseTraceparent(value)).toEqual({ traceId: TRACE, spanId: SPAN });
  },
);

test.each([
  "",
  `ff-${TRACE}-${SPAN}-01`,
  `00-${TRACE.toUpperCase()}-${SPAN}-01`,
  `00-${"0".repeat(32)}-${SPAN}-01`,
  `00-${TRACE}-${"0".repeat(16)}-01`,
  `00-${TRACE}-${SPAN}`,
  `${TRACE}-${SPAN}-01`,
])("%j is none", (value) => {
  expect(parseTraceparent(value)).toBeUndefined();
});
