/** Properties by which a sender asks for a later delivery, or for several; ActiveMQ's. */
export const scheduleProperties = {
  delay: "AMQ_SCHEDULED_DELAY",
  period: "AMQ_SCHEDULED_PERIOD",
  repeat: "AMQ_SCHEDULED_REPEAT",
  cron: "AMQ_SCHEDULED_CRON",
} as const;

export type ScheduleWish = keyof typeof scheduleProperties;
export const scheduleWishes = Object.keys(scheduleProperties) as ScheduleWish[];

/** Says which schedule a message came from, and keeps one that has it from being scheduled once more. */
export const jobIdProperty = "scheduledJobId";
