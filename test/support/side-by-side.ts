import { AsyncLocalStorage } from "node:async_hooks";
import { aroundEach, type TestContext, onTestFinished as vitestsOwn } from "vitest";

const running = new AsyncLocalStorage<TestContext>();

/**
 * For files whose tests spend their time waiting and run at once (`describe.concurrent`): what `onTestFinished` of this
 * module is given is done at the end of the test that it was given in. To be called at the top of such a file.
 */
export function sideBySide(): void {
  aroundEach((runTest, context) => running.run(context, runTest));
}

/** As vitest's own, which of tests that run at once only knows the one that began last. */
export const onTestFinished: typeof vitestsOwn = (cleanUp, timeout) =>
  (running.getStore()?.onTestFinished ?? vitestsOwn)(cleanUp, timeout);
