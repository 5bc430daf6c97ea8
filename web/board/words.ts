/** A notice board hangs at the gate: every word stands on it in both languages, Chinese first. */

export interface Words {
  zh: string;
  en: string;
}

const TEXTS = {
  title: { zh: "农民工工资维权信息告示牌", en: "Notice board: wages and workers' rights" },
  parties: { zh: "参建单位", en: "Who builds here" },
  name: { zh: "项目名称", en: "Project" },
  address: { zh: "项目地址", en: "Address" },
  period: { zh: "开工 / 竣工日期", en: "Started / completed" },
  developer: { zh: "建设单位", en: "Developer" },
  contractor: { zh: "施工总承包单位", en: "General contractor" },
  projectOffice: { zh: "项目部", en: "Project office" },
  subcontractors: { zh: "分包单位", en: "Subcontractors" },
  authority: { zh: "行业主管部门", en: "Authority in charge" },
  bureauName: { zh: "人力资源社会保障部门", en: "Labour bureau" },
  pay: { zh: "工资", en: "Wages" },
  officer: { zh: "劳资专管员", en: "Labour officer" },
  minimumWage: { zh: "当地最低工资标准", en: "Minimum wage here" },
  monthWage: { zh: "每月 {month} 元，非全日制每小时 {hour} 元", en: "¥{month} a month; ¥{hour} an hour for part-time work" },
  since: { zh: "{name}，{since} 起执行", en: "in force since {since}" },
  payday: { zh: "工资支付日", en: "Payday" },
  paydayValue: { zh: "次月 {day} 日前，遇节假日提前", en: "by day {day} of the next month, earlier on holidays" },
  escrow: { zh: "工资专户（链上地址）", en: "Wage escrow (address on the chain)" },
  rights: { zh: "拿不到工资找谁", en: "Where to turn when wages are not paid" },
  inspection: { zh: "欠薪投诉（劳动保障监察）", en: "Wage complaints (labour inspection)" },
  arbitration: { zh: "劳动争议调解仲裁", en: "Labour arbitration" },
  legalAid: { zh: "法律援助", en: "Legal aid" },
  scan: { zh: "扫码看工资，核对签字", en: "Scan: see, check and sign your wage" },
  law: {
    zh: "依据《保障农民工工资支付条例》第三十四条设置",
    en: "As asked by Art. 34 of the Regulations on Ensuring Wage Payment to Migrant Workers",
  },
  missing: { zh: "未填写", en: "missing" },
  missingCount: {
    zh: "还有 {count} 项法定内容没有填写，请总包或劳资专管员补齐。",
    en: "{count} entries that the law asks for are missing: contractor or labour officer, please fill them in.",
  },
  ongoing: { zh: "在建", en: "under way" },
  none: { zh: "无", en: "none" },
  printA4: { zh: "打印 A4", en: "Print A4" },
  printA3: { zh: "打印 A3", en: "Print A3" },
  noProject: { zh: "没有这个项目的告示牌，请检查网址。", en: "There is no notice board for this project: check the address." },
  noAnswer: { zh: "连不上服务器，请稍后再打开。", en: "The server cannot be reached: try again later." },
} satisfies Record<string, Words>;

export type Key = keyof typeof TEXTS;

/** `{name}` in a text is replaced by `values.name`, in both languages. */
export function words(key: Key, values: Record<string, string | number> = {}): Words {
  const fill = (text: string): string => text.replace(/\{(\w+)\}/g, (_, name) => `${values[name]}`);
  return { zh: fill(TEXTS[key].zh), en: fill(TEXTS[key].en) };
}
