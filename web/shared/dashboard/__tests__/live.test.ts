import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { onChange } from "../live";

class FakeEventSource extends EventTarget {
  static readonly CLOSED = 2;
  static all: FakeEventSource[] = [];
  readyState = 1;
  constructor(readonly url: string) {
    super();
    FakeEventSource.all.push(this);
  }
  close(): void {
    this.readyState = FakeEventSource.CLOSED;
  }
  says(name: string): void {
    this.dispatchEvent(new Event(name));
    vi.advanceTimersByTime(1_000);
  }
}

beforeEach(() => {
  vi.useFakeTimers();
  FakeEventSource.all = [];
  vi.stubGlobal("EventSource", FakeEventSource);
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const newest = (): FakeEventSource => FakeEventSource.all[FakeEventSource.all.length - 1]!;

test("every listener of a page hears of a change over one connection", () => {
  const [one, other] = [vi.fn(), vi.fn()];
  const stops = [onChange(one), onChange(other)];

  newest().says("change");
  newest().says("resync");

  expect([one.mock.calls.length, other.mock.calls.length, FakeEventSource.all.length]).toEqual([2, 2, 1]);
  stops.forEach((stop) => stop());
});

test("what comes at once is one reason to ask again", () => {
  const listener = vi.fn();
  const stop = onChange(listener);

  for (let i = 0; i < 5; i++) newest().dispatchEvent(new Event("change"));
  vi.advanceTimersByTime(1_000);

  expect(listener).toHaveBeenCalledTimes(1);
  stop();
});

test("the connection ends with its last listener", () => {
  const stops = [onChange(vi.fn()), onChange(vi.fn())];

  stops[0]!();
  expect(newest().readyState).toBe(1);
  stops[1]!();

  expect(newest().readyState).toBe(FakeEventSource.CLOSED);
});

test("a stream the server refused is asked for again after a while, one that broke is the browser's to mend", () => {
  const listener = vi.fn();
  const stop = onChange(listener);
  newest().says("error");
  vi.advanceTimersByTime(120_000);
  expect(FakeEventSource.all.length).toBe(1);

  newest().readyState = FakeEventSource.CLOSED;
  newest().says("error");
  vi.advanceTimersByTime(60_000);
  expect(FakeEventSource.all.length).toBe(2);
  newest().says("change");

  expect(listener).toHaveBeenCalledTimes(1);
  stop();
});

test("a browser without streams polls on", () => {
  vi.stubGlobal("EventSource", undefined);

  expect(() => onChange(vi.fn())()).not.toThrow();
});
