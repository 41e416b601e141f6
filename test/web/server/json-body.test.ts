import { expect, test } from "vitest";
import { jsonBody } from "../../../src/web/server/json-body.js";

/** A body in pieces, and how many of them were taken. */
function sent(...pieces: readonly string[]) {
  const taken: string[] = [];
  async function* body(): AsyncGenerator<Buffer> {
    for (const piece of pieces) {
      taken.push(piece);
      yield Buffer.from(piece);
    }
  }
  return { body: body(), taken };
}

test("a body is read as JSON, whatever pieces it comes in", async () => {
  const [first, second] = [Buffer.from('["ü"]').subarray(0, 3), Buffer.from('["ü"]').subarray(3)];
  async function* body(): AsyncGenerator<Buffer> {
    yield first;
    yield second;
  }
  expect(await jsonBody(body(), 6)).toEqual(["ü"]);
  expect(await jsonBody(sent("{bad").body, 100)).toBeNull();
  expect(await jsonBody(sent().body, 100)).toBeNull();
});

test("one that is too long is read to its end: the client can only then be answered", async () => {
  const { body, taken } = sent("[1", ",2", ",3", "]");
  expect(await jsonBody(body, 3)).toBeUndefined();
  expect(taken).toHaveLength(4);
});
