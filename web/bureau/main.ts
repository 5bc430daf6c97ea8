import "../shared/theme.css";
import "../shared/dashboard/dashboard.css";

import { createApp, watchEffect } from "vue";

import { speak } from "../shared/api";
import { announceLanguage, language } from "../shared/i18n";
import App from "./App.vue";
import { t } from "./text";

watchEffect(() => speak(language.value));
announceLanguage(() => `安薪 · ${t("title")}`);
createApp(App).mount("#app");
