export {
  jobIdProperty,
  scheduleProperties,
  scheduleWishes,
  type ScheduleWish,
} from "../../engine/base/schedule.ts";
