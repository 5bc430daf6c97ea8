export const zh = {
  title: "没有发到您手机的通知",
  smsStopped: "您退订了短信，通知只在这里显示。给我们的号码回复“恢复”，可以重新接收。",
  stopped: "您退订了短信",
  limit: "当天短信太多，没有再发",
  unreachable: "短信没有送到",
  earlier: "更早的 {count} 条",
};
