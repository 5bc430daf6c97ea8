/**
 * The signed-in worker as this page knows them: from the server where it answers, else as last seen.
 *
 * The access token lives in memory only; the refresh cookie reopens the session after a reload.
 */

import { computed, ref, shallowRef } from "vue";

import { ApiProblem, get, isSignedIn, NoAnswer, post, put, remove, renewSession, setAccessToken } from "../shared/api";
import { language } from "../shared/i18n";
import type { Chain, CodeSent, Line, Me, MyDispute, MyDisputes, MyProject, Session } from "../shared/wire";
import { isDisputeMoving } from "./disputes";
import { isSameKey, publicPart } from "./keys";
import { flush } from "./outbox";
import { confirmationProgress, contestProgress, isMoving, wordAbout } from "./progress";
import { allWords, forgetSeen, type HeldKey, heldKey, recall, remember, type SignedWord } from "./store";

const QUICK_MILLISECONDS = 2_000;
const SLOW_MILLISECONDS = 30_000;
const IDLE_MILLISECONDS = 60_000;
const FLUSH_MILLISECONDS = 10_000;

interface Seen {
  chain: Chain;
  me: Me;
  projects: MyProject[];
  lines: Line[];
  disputes: MyDispute[];
  /** Unix seconds. */
  claimDeadline: number;
}

export const phase = ref<"starting" | "signedOut" | "signedIn">("starting");
export const isOnline = ref(navigator.onLine);
/** When what is shown was seen, in milliseconds; null where it is fresh. */
export const asOf = ref<number | null>(null);
export const seen = shallowRef<Seen | null>(null);
export const words = shallowRef<SignedWord[]>([]);
export const key = shallowRef<HeldKey | null>(null);

/** The key this phone can sign with right now: the one that is enrolled. */
export const signingKey = computed(() => {
  const enrolment = seen.value?.me.enrolment;
  if (enrolment?.state !== "enrolled" || !enrolment.key || !key.value) return null;
  return isSameKey(publicPart(key.value), enrolment.key) ? key.value : null;
});

let pollTimer: ReturnType<typeof setTimeout> | undefined;
let flushTimer: ReturnType<typeof setTimeout> | undefined;
let pause = QUICK_MILLISECONDS;

/** Opens the session the cookie still holds; without a connection, what was last seen. */
export async function start(): Promise<void> {
  window.addEventListener("online", () => onConnection(true));
  window.addEventListener("offline", () => onConnection(false));
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && soon());
  words.value = await allWords();
  await reload();
  void send();
}

export function requestCode(phone: string): Promise<CodeSent> {
  return post<CodeSent>("/api/login-codes", { phone, language: language.value });
}

export async function signIn(phone: string, code: string): Promise<void> {
  setAccessToken((await post<Session>("/api/sessions", { phone, code, language: language.value })).accessToken);
  await forgetSeen();
  await reload();
  if (phase.value !== "signedIn") throw new NoAnswer();
}

export async function signOut(): Promise<void> {
  await remove("/api/sessions/current").catch(() => undefined);
  setAccessToken(null);
  await forgetSeen();
  leave();
}

export async function tellLanguage(): Promise<void> {
  if (isSignedIn()) await put("/api/me/language", { language: language.value }).catch(() => undefined);
}

/** Asks the server again, and keeps asking at a pace that fits what is going on. */
export async function reload(): Promise<void> {
  clearTimeout(pollTimer);
  try {
    if (!isSignedIn() && !(await renewSession())) return leave();
    await show(await fetchSeen());
    asOf.value = null;
  } catch (error) {
    if (error instanceof ApiProblem && error.status === 401) return leave();
    if (!(error instanceof NoAnswer) && !(error instanceof ApiProblem)) throw error;
    await showLastSeen();
  }
  clearTimeout(pollTimer); // another call may have come by meanwhile
  pollTimer = setTimeout(() => void reload(), nextPause());
}

/** Something was just done: ask at once and quickly again. */
export function soon(): void {
  pause = QUICK_MILLISECONDS;
  void reload();
  void send();
}

/** Sends what is signed, and tries again for as long as anything waits. */
export async function send(): Promise<void> {
  clearTimeout(flushTimer);
  words.value = await allWords();
  if (await flush()) {
    pause = QUICK_MILLISECONDS;
    void reload();
  }
  words.value = await allWords();
  clearTimeout(flushTimer);
  if (words.value.some((word) => word.state === "waiting")) {
    flushTimer = setTimeout(() => void send(), FLUSH_MILLISECONDS);
  }
}

async function fetchSeen(): Promise<Seen> {
  const [chain, me, { projects }, { lines }, { disputes, claimDeadline }] = await Promise.all([
    get<Chain>("/api/chain"),
    get<Me>("/api/me"),
    get<{ projects: MyProject[] }>("/api/me/projects"),
    get<{ lines: Line[] }>("/api/me/lines"),
    get<MyDisputes>("/api/me/disputes"),
  ]);
  const news: Seen = { chain, me, projects, lines, disputes, claimDeadline };
  await remember("account", news);
  return news;
}

async function show(news: Seen): Promise<void> {
  key.value = (await heldKey(news.me.workerId)) ?? null;
  seen.value = news;
  phase.value = "signedIn";
}

async function showLastSeen(): Promise<void> {
  const last = await recall<Seen>("account");
  if (!last) {
    if (phase.value === "starting") phase.value = "signedOut";
    return;
  }
  // What an earlier version of this page kept had no disputes.
  await show({ ...last.value, disputes: last.value.disputes ?? [], claimDeadline: last.value.claimDeadline ?? 0 });
  asOf.value = last.asOf;
}

function leave(): void {
  clearTimeout(pollTimer);
  seen.value = null;
  key.value = null;
  asOf.value = null;
  phase.value = "signedOut";
}

function nextPause(): number {
  if (!isSomethingMoving()) return IDLE_MILLISECONDS;
  pause = Math.min(pause * 1.3, SLOW_MILLISECONDS);
  return pause;
}

function isSomethingMoving(): boolean {
  if (!seen.value) return true;
  const { me, projects, lines, disputes } = seen.value;
  return (
    asOf.value !== null ||
    ["waiting", "accepted", "sent"].includes(me.enrolment.state) ||
    projects.some((project) => ["accepted", "sent"].includes(project.join.state)) ||
    words.value.some((word) => word.path === "joins" && word.state !== "refused" && !hasJoined(projects, word)) ||
    words.value.some((word) => word.path === "claims" && word.state === "waiting") ||
    disputes.some(isDisputeMoving) ||
    lines.some(
      (line) =>
        isMoving(confirmationProgress(line, wordAbout(words.value, "confirmations", line)).stage) ||
        isMoving(contestProgress(line, wordAbout(words.value, "contests", line)).stage),
    )
  );
}

function hasJoined(projects: MyProject[], word: Extract<SignedWord, { path: "joins" }>): boolean {
  return projects.some((project) => project.escrow === word.body.escrow && project.join.state === "joined");
}

function onConnection(online: boolean): void {
  isOnline.value = online;
  if (online) soon();
}
