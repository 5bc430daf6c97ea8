import "../shared/theme.css";
import "./worker.css";

import { createApp, watchEffect } from "vue";

import { speak } from "../shared/api";
import { announceLanguage, language } from "../shared/i18n";
import { start } from "./account";
import App from "./App.vue";
import { watchAddress } from "./punchAddress";
import { learn, t } from "./text";

watchAddress();
watchEffect(() => speak(language.value));
announceLanguage(() => t("appName"));
void learn(language.value).then(() => createApp(App).mount("#app"));
void start();

if (import.meta.env.PROD && "serviceWorker" in navigator) {
  void navigator.serviceWorker.register("/w/sw.js", { scope: "/w/" }).catch(() => undefined);
}
