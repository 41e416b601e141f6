import fc from "fast-check";
import { expect, test } from "vitest";
import { routeOf } from "../../../src/web/server/route.js";
import { anyCharacter } from "../../support/any-character.js";
import { tries } from "../../support/tries.js";

const TOKEN = "0123456789abcdef0123456789abcdef";
const HOST = "127.0.0.1:4310";

function route(target: string | undefined, host: string | undefined = HOST, method = "GET") {
  return routeOf({ target, host, method }, TOKEN, 4310);
}

const notFound = { kind: "refused", status: 404 };

test.each<[string, object]>([
  [`/${TOKEN}/`, { kind: "list" }],
  [`/${TOKEN}/?x=1`, { kind: "list" }],
  [`/${TOKEN}/changes`, { kind: "changes" }],
  [`/${TOKEN}/sessions/ses_e03b66d38ffe7m0arJ0ehJm9sO`, { kind: "session", id: "ses_e03b66d38ffe7m0arJ0ehJm9sO" }],
  [`/${TOKEN}/compare/ses_a1/ses_b2`, { kind: "comparison", a: "ses_a1", b: "ses_b2" }],
  [`/${TOKEN}/compare/ses_a1/..%2fx`, notFound],
  [`/${TOKEN}/compare/ses_a1`, notFound],
  [`/${TOKEN}/search?text=a+b&text=%C3%BC&other=1`, { kind: "search", texts: ["a b", "ü"] }],
  [`/${TOKEN}/search`, { kind: "search", texts: [] }],
  [`/${TOKEN}/opened/3`, { kind: "opened", number: 3 }],
  [`/${TOKEN}/opened/x`, notFound],
  [`/${TOKEN}/open`, notFound],
  [`/${TOKEN}`, { kind: "redirect", to: `/${TOKEN}/` }],
  [`/${TOKEN}/sessions/..%2f..%2fetc%2fpasswd`, notFound],
  [`/${TOKEN}/sessions/../../etc/passwd`, notFound],
  [`/${TOKEN}/sessions/ses_a.json`, notFound],
  [`/${TOKEN}/sessions/`, notFound],
  [`/${TOKEN}/changes/`, notFound],
  [`/${TOKEN}//`, notFound],
  [`//${TOKEN}/`, notFound],
  [`/${TOKEN.toUpperCase()}/`, notFound],
  [`/${TOKEN.slice(1)}/`, notFound],
  [`/${TOKEN}0/`, notFound],
  [`http://${HOST}/${TOKEN}/`, notFound],
  ["/", notFound],
  ["", notFound],
  ["*", notFound],
  ["/favicon.ico", notFound],
])("%s", (target, expected) => {
  expect(route(target)).toMatchObject(expected);
});

test("only this machine's own names are answered to, with the port", () => {
  expect(route(`/${TOKEN}/`, "localhost:4310")).toEqual({ kind: "list" });
  for (const host of ["evil.example", "evil.example:4310", "127.0.0.1", "127.0.0.1:80", "[::1]:4310", ""])
    expect(route(`/${TOKEN}/`, host)).toMatchObject({ kind: "refused", status: 403 });
  expect(routeOf({ target: `/${TOKEN}/`, host: undefined, method: "GET" }, TOKEN, 4310)).toMatchObject({
    status: 403,
  });
});

test("files are taken from the server's own page, or from what says no page", () => {
  const post = (origin: string | undefined, host = HOST) =>
    routeOf({ target: `/${TOKEN}/open`, host, origin, method: "POST" }, TOKEN, 4310);
  expect([post(undefined), post(`http://${HOST}`)]).toEqual([{ kind: "open" }, { kind: "open" }]);
  for (const origin of ["https://evil.example", "null", "http://127.0.0.1:80", ""])
    expect(post(origin)).toMatchObject({ kind: "refused", status: 403 });
  expect(post("http://evil.example:4310", "evil.example:4310")).toMatchObject({ kind: "refused", status: 403 });
});

test("only the server's own page searches", () => {
  const search = (origin: string | undefined, host = HOST, token = TOKEN) =>
    routeOf({ target: `/${token}/search?text=a`, host, origin, method: "GET" }, TOKEN, 4310);
  for (const origin of [undefined, `http://${HOST}`]) expect(search(origin)).toEqual({ kind: "search", texts: ["a"] });
  for (const origin of ["https://evil.example", "null"]) expect(search(origin)).toMatchObject({ status: 403 });
  expect(search(undefined, "evil.example:4310")).toMatchObject({ status: 403 });
  expect(search(undefined, HOST, "0")).toMatchObject({ status: 404 });
});

test("all else only GET and HEAD", () => {
  expect(route(`/${TOKEN}/`, HOST, "HEAD")).toEqual({ kind: "list" });
  for (const method of ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "get"])
    expect(route(`/${TOKEN}/`, HOST, method)).toMatchObject({ kind: "refused", status: 405 });
});

test("without the token everything is the same 404, whatever the host and the method", () => {
  const address = fc.string({ unit: anyCharacter }).map((text) => encodeURI(`/${text}`));
  const wrong = fc.tuple(address, fc.domain(), fc.constantFrom("GET", "POST", "HEAD"));
  fc.assert(
    fc.property(wrong, ([target, host, method]) => {
      expect(route(target, host, method)).toEqual(route("/"));
    }),
    { numRuns: tries(40) },
  );
});
