import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { withLazyRequires } from "../../src/build/lazy-requires.js";

/** Runs CommonJS as a bundle has it; `asked` are the modules in the order in which they were loaded. */
function run(code: string, modules: Readonly<Record<string, unknown>>) {
  const asked: string[] = [];
  const require = (name: string): unknown => {
    asked.push(name);
    return modules[name];
  };
  const exports: Record<string, (...args: unknown[]) => unknown> = {};
  runInNewContext(withLazyRequires(code), { require, exports, runtime: { esm: (of: unknown) => ({ default: of }) } });
  return { asked, exports };
}

test("a module is loaded when code that runs asks for it first, and once", () => {
  const code = `"use strict";
const require_a = require("./a.js"), require_b = require("./b.js");
let node_os = require("node:os");
exports.both = (n) => (0, require_a.add)(n, require_b.one) + require_b.one;
exports.os = () => ({ node_os, os: node_os.name, node_os() { return 1; } });`;
  const { asked, exports } = run(code, { "./a.js": { add: (a: number, b: number) => a + b }, "./b.js": { one: 1 } });
  expect(asked).toEqual([]);
  expect([exports.both?.(5), exports.both?.(6)]).toEqual([7, 8]);
  expect(asked).toEqual(["./a.js", "./b.js"]);
});

test("classes are made and extended, and what is made to look like an ES module is so when it is loaded", () => {
  const code = `let node_events = require("node:events"), own = 3, node_path = require("node:path");
node_path = runtime.esm(node_path);
class Mine extends node_events.Emitter { more = node_path.default.sep; }
exports.make = () => [new node_events.Emitter().kind, new Mine().kind, new Mine().more, new node_events.deep.Other(own).n];`;
  class Emitter {
    readonly kind = "emitter";
  }
  class Other {
    constructor(readonly n: number) {}
  }
  const { exports } = run(code, { "node:events": { Emitter, deep: { Other } }, "node:path": { sep: "/" } });
  expect(exports.make?.()).toEqual(["emitter", "emitter", "/", 3]);
});

test("fields and labels of the same name stay as they are", () => {
  const code = `const require_a = require("./a.js");
exports.tell = (of) => [of.require_a, { require_a: 2 }.require_a, of[require_a.key]];`;
  const { exports } = run(code, { "./a.js": { key: "k" } });
  expect(exports.tell?.({ require_a: 1, k: 3 })).toEqual([1, 2, 3]);
});

test.each([
  ["written to", `let node_os = require("node:os"); node_os = 3;`],
  ["declared anew", `const require_a = require("./a.js"); exports.f = (require_a) => require_a;`],
  ["declared anew by a pattern", `const require_a = require("./a.js"); exports.f = ({ require_a }) => require_a;`],
  ["declared anew in a block", `const require_a = require("./a.js"); { let require_a = 1; }`],
])("a variable that is %s ends the build", (_, code) => {
  expect(() => withLazyRequires(code)).toThrow(/^(?:node_os|require_a) is not only read: …/);
});
