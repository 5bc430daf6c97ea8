/** The API over fetch. Every failure is one of two: the server said no (ApiProblem), or nobody answered (NoAnswer). */

import type { Language, Problem, Session } from "./wire";

const TIMEOUT_MILLISECONDS = 20_000;
const FILE_TIMEOUT_MILLISECONDS = 180_000;

/** The server's own sentence, already in the user's language. */
export class ApiProblem extends Error {
  constructor(
    readonly status: number,
    readonly title: string,
    readonly detail: string,
  ) {
    super(detail || title);
  }
}

/** The connection dropped, timed out, or something other than our server answered. */
export class NoAnswer extends Error {}

let answerLanguage: Language = "zh";
let accessToken: string | null = null;
let refreshing: Promise<boolean> | null = null;
let whenStaffEnds: (() => void) | null = null;

/** The language the server answers in. */
export function speak(language: Language): void {
  answerLanguage = language;
}

export function setAccessToken(token: string | null): void {
  accessToken = token;
}

/** Staff's tokens last twelve hours and are not renewed: `ended` is called when the server no longer takes this one. */
export function setStaffToken(token: string | null, ended: () => void): void {
  accessToken = token;
  whenStaffEnds = token === null ? null : ended;
}

export function isSignedIn(): boolean {
  return accessToken !== null;
}

export function get<Answer>(path: string): Promise<Answer> {
  return request<Answer>("GET", path);
}

/** Sends a file as it is: a `Blob` goes unchanged, everything else as JSON. */
export function postFile<Answer>(path: string, file: Blob): Promise<Answer> {
  return request<Answer>("POST", path, file);
}

export function post<Answer>(path: string, body?: unknown): Promise<Answer> {
  return request<Answer>("POST", path, body);
}

export function put<Answer>(path: string, body: unknown): Promise<Answer> {
  return request<Answer>("PUT", path, body);
}

/** Sends what carries its own signature: no session, so that an old session can never stand in its way. */
export async function putSigned<Answer>(path: string, body: unknown, language: Language): Promise<Answer> {
  return answerOf<Answer>(await send("PUT", path, body, { token: null, language }));
}

export function remove(path: string): Promise<void> {
  return request<void>("DELETE", path);
}

/** A file of the server's, as it is. */
export async function getFile(path: string): Promise<Blob> {
  const response = await responseOf("GET", path);
  return response.ok ? response.blob() : answerOf<Blob>(response);
}

async function request<Answer>(method: string, path: string, body?: unknown): Promise<Answer> {
  return answerOf<Answer>(await responseOf(method, path, body));
}

/** One request with the session; a worker's expired token is renewed once. */
async function responseOf(method: string, path: string, body?: unknown): Promise<Response> {
  const response = await send(method, path, body);
  if (response.status === 401 && whenStaffEnds) whenStaffEnds();
  const renewable = response.status === 401 && accessToken !== null && path !== "/api/sessions/refresh";
  return renewable && (await renewSession()) ? send(method, path, body) : response;
}

/**
 * Whether the refresh cookie still opens a session. Throws NoAnswer offline.
 *
 * The cookie changes with each use: two tabs renewing at once would look like theft, so they take turns.
 */
export function renewSession(): Promise<boolean> {
  refreshing ??= oneAtATime("anxin-session", renew).finally(() => (refreshing = null));
  return refreshing;
}

async function renew(): Promise<boolean> {
  try {
    accessToken = (await post<Session>("/api/sessions/refresh")).accessToken;
    return true;
  } catch (error) {
    if (!(error instanceof ApiProblem) || error.status >= 500) throw error;
    accessToken = null;
    return false;
  }
}

/** Runs `work` while no other tab and no service worker of this site does; at once where browsers have no locks. */
export function oneAtATime<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
  return navigator.locks ? (navigator.locks.request(name, work) as Promise<Result>) : work();
}

async function send(
  method: string,
  path: string,
  body: unknown,
  { token, language } = { token: accessToken, language: answerLanguage },
): Promise<Response> {
  const headers: Record<string, string> = { Accept: "application/json", "Accept-Language": language };
  const isFile = body instanceof Blob;
  if (body !== undefined) headers["Content-Type"] = isFile ? "application/octet-stream" : "application/json";
  if (token !== null) headers["Authorization"] = `Bearer ${token}`;
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), isFile ? FILE_TIMEOUT_MILLISECONDS : TIMEOUT_MILLISECONDS);
  try {
    return await fetch(path, {
      method,
      headers,
      body: body === undefined ? undefined : isFile ? body : JSON.stringify(body),
      signal: abort.signal,
      credentials: "same-origin",
    });
  } catch {
    throw new NoAnswer();
  } finally {
    clearTimeout(timer);
  }
}

/** A gateway on the way may answer with a page of its own, even with 200 or 404: that is no answer of ours. */
async function answerOf<Answer>(response: Response): Promise<Answer> {
  if (response.status === 204) return undefined as Answer;
  if (!/\bjson\b/.test(response.headers.get("Content-Type") ?? "")) throw new NoAnswer();
  const answer: unknown = await response.json().catch(() => {
    throw new NoAnswer();
  });
  if (response.ok) return answer as Answer;
  const problem = answer as Partial<Problem>;
  const title = problem.title ?? `${response.status}`;
  throw new ApiProblem(response.status, title, problem.detail ?? title);
}
