/** The server's word that the chain has something new: one connection a page, opened with the first listener.
 *
 * It says only that, not what: whoever listens asks again. Where it cannot be had, polling alone goes on.
 */

const GATHER_MILLISECONDS = 150; // what comes in one block is one reason to ask
const OPEN_AGAIN_MILLISECONDS = 60_000; // after the server has refused a stream; a lost one the browser mends itself

type Listener = () => void;

const listeners = new Set<Listener>();
let source: EventSource | null = null;
let gathering: ReturnType<typeof setTimeout> | undefined;
let opening: ReturnType<typeof setTimeout> | undefined;

/** Calls `listener` after each change, until the returned function is called. */
export function onChange(listener: Listener): () => void {
  listeners.add(listener);
  if (!source) open();
  return () => {
    listeners.delete(listener);
    if (!listeners.size) close();
  };
}

function open(): void {
  clearTimeout(opening);
  if (typeof EventSource === "undefined") return;
  source = new EventSource("/api/live");
  source.addEventListener("change", gather);
  source.addEventListener("resync", gather);
  source.addEventListener("error", () => {
    if (source?.readyState !== EventSource.CLOSED) return;
    opening = setTimeout(open, OPEN_AGAIN_MILLISECONDS);
  });
}

function gather(): void {
  clearTimeout(gathering);
  gathering = setTimeout(() => {
    for (const listener of [...listeners]) listener();
  }, GATHER_MILLISECONDS);
}

function close(): void {
  clearTimeout(gathering);
  clearTimeout(opening);
  source?.close();
  source = null;
}
