import { describe, expect, test } from "vitest";
import { parseFields } from "../../../../src/opencode/read/parse-fields.js";
import { toolRow } from "../../../../src/opencode/v2/read/tool-row.js";
import {
  wholeAnswer2,
  wholeContent2,
  wholeMessage2,
  wholeSession2,
} from "../../../../src/opencode/v2/read/whole-rows.js";
import {
  assistantFields,
  knownContents,
  knownMessages,
  sessionFields,
} from "../../../../src/opencode/v2/schema/session-export.js";
import { type Fields, fieldsOf, isFields } from "../../../../src/text/json-fields.js";
import { loadOpencode2, opencode2Names } from "../../../support/opencode2-fixtures.js";
import { changedAsParsed, type ToldRow, toldAsParsed } from "../../../support/told-by-hand.js";

const rows: readonly ToldRow[] = opencode2Names.flatMap((name) => {
  const { text, subagentTexts } = loadOpencode2(name);
  return [text, ...subagentTexts].flatMap((one): ToldRow[] => {
    const { info, messages } = fieldsOf(JSON.parse(one));
    const session = { row: fieldsOf(info), whole: wholeSession2, parsed: by(sessionFields) };
    return [session, ...(Array.isArray(messages) ? messages.filter(isFields) : []).flatMap(rowsOf)];
  });
});

function rowsOf(message: Fields): ToldRow[] {
  const { content, ...row } = message;
  if (row.type === "user" || row.type === "idle")
    return [{ row, whole: wholeMessage2, parsed: by(knownMessages[row.type]) }];
  if (row.type !== "assistant") return [];
  const items = Array.isArray(content) ? content.filter(isFields) : [];
  return [
    { row, whole: wholeAnswer2, parsed: by(assistantFields) },
    ...items.flatMap((item): ToldRow[] => {
      if (item.type === "tool") return [{ row: item, whole: wholeTool, parsed: parsedTool }];
      if (item.type !== "text" && item.type !== "reasoning") return [];
      return [{ row: item, whole: wholeContent2, parsed: by(knownContents[item.type]) }];
    }),
  ];
}

function by(schema: Parameters<typeof parseFields>[0]): ToldRow["parsed"] {
  return (row) => parseFields(schema, row, "x", "");
}

/** As the reader asks. */
function wholeTool(row: Fields): unknown {
  return wholeContent2(toolRow(row, "call"));
}

function parsedTool(row: Fields): unknown {
  return parseFields(knownContents.tool, toolRow(row, "call"), "x", "");
}

describe("a row of opencode 2 that is told by hand", () => {
  test("is what the schemas make of it, and nearly all are such", () => {
    expect(rows.length).toBeGreaterThan(300);
    expect(toldAsParsed(rows) / rows.length).toBeGreaterThan(0.85);
  });

  test("is what the schemas make of it whatever stands in it", () => {
    changedAsParsed(rows, 1_500);
  });
});
