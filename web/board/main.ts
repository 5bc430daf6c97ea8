import "../shared/theme.css";

import { createApp } from "vue";

import { speak } from "../shared/api";
import App from "./App.vue";

speak("zh");
createApp(App).mount("#app");
