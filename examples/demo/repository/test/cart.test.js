import assert from "node:assert/strict";
import { test } from "node:test";
import { priceCart } from "../src/cart.js";

const tea = (quantity) => [{ name: "Tea", unitCents: 450, quantity }];

test("a few pieces cost the full price", () => {
  assert.deepEqual(priceCart(tea(2)), { goodsCents: 900, shippingCents: 590, totalCents: 1490 });
});

test("ten pieces are ten percent cheaper", () => {
  assert.deepEqual(priceCart(tea(10)), { goodsCents: 4050, shippingCents: 590, totalCents: 4640 });
});

test("large orders are shipped for free", () => {
  assert.equal(priceCart(tea(30)).shippingCents, 0);
});

test("an empty cart costs nothing", () => {
  assert.equal(priceCart([]).totalCents, 0);
});

test("half a piece cannot be bought", () => {
  assert.throws(() => priceCart(tea(0.5)), /whole number/);
});
