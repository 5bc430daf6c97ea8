/// <reference lib="webworker" />
/**
 * Opens the page without a connection, and sends signed words after the page is closed.
 *
 * `__SHELL__` is filled in by the build: the page's own files under their hashed names.
 */

import { flush, SYNC_TAG } from "./outbox";

declare const self: ServiceWorkerGlobalScope;
declare const __SHELL__: { version: string; files: string[] };

const CACHE = `anxin-shell-${__SHELL__.version}`;
const PAGE = "/w/";
const PAGE_PATIENCE_MILLISECONDS = 3_000;

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll([PAGE, ...__SHELL__.files])));
  void self.skipWaiting();
});

self.addEventListener("activate", (event) => {
  event.waitUntil(dropOldShells().then(() => self.clients.claim()));
});

self.addEventListener("fetch", (event) => {
  const { origin, pathname } = new URL(event.request.url);
  if (event.request.method !== "GET" || origin !== self.location.origin || pathname.startsWith("/api/")) return;
  if (event.request.mode === "navigate") event.respondWith(page(event.request));
  else if (__SHELL__.files.includes(pathname)) event.respondWith(shellFile(event.request));
});

self.addEventListener("sync", (event) => {
  const { tag, waitUntil } = event as unknown as { tag: string; waitUntil: ExtendableEvent["waitUntil"] };
  if (tag === SYNC_TAG) waitUntil.call(event, flush());
});

async function dropOldShells(): Promise<void> {
  const old = (await caches.keys()).filter((name) => name.startsWith("anxin-shell-") && name !== CACHE);
  await Promise.all(old.map((name) => caches.delete(name)));
}

/** The newest page where the network is quick, else the kept one: a bad signal must not leave a white screen. */
async function page(request: Request): Promise<Response> {
  const kept = await caches.match(PAGE);
  if (!kept) return fetch(request);
  const late = new Promise<Response>((resolve) => setTimeout(resolve, PAGE_PATIENCE_MILLISECONDS, kept));
  const fresh = fetch(request).then((answer) => (answer.ok ? answer : kept), () => kept);
  return Promise.race([fresh, late]);
}

async function shellFile(request: Request): Promise<Response> {
  return (await caches.match(request)) ?? fetch(request);
}
