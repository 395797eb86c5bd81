package io.github.camelrestcache.refresh;

import java.util.List;
import org.springframework.data.redis.core.script.RedisScript;

/** The Lua scripts of {@link Leases}. Each may run twice, because its first answer may be lost. */
final class LeaseScripts {

  private static final String BEGIN =
      """
      local time = redis.call('TIME')
      local now = time[1] * 1000 + math.floor(time[2] / 1000)
      local kind = redis.call('TYPE', KEYS[1]).ok
      if kind ~= 'hash' and kind ~= 'none' then redis.call('DEL', KEYS[1]) end
      local function number(value)
        local read = tonumber(value) or 0
        return math.abs(read) < 2^53 and read or 0
      end
      local function state(path)
        local text = redis.call('HGET', KEYS[1], path)
        local read, value = pcall(cjson.decode, text or '{}')
        return read and type(value) == 'table' and value or {}
      end
      local mine = state(ARGV[1])
      local function save()
        local leases = state('leases') -- until when, by path, to count without reading all states
        leases[ARGV[1]] = mine['until']
        for path, till in pairs(leases) do
          if number(till) <= now then leases[path] = nil end
        end
        redis.call('HSET', KEYS[1], ARGV[1], cjson.encode(mine), 'leases', cjson.encode(leases))
      end
      """;

  static final RedisScript<Long> LOOK = RedisScript.of(BEGIN + "return now", Long.class);

  /** Answers with the fence if granted, else 0, the time, the state, and the number of others. */
  @SuppressWarnings("rawtypes")
  static final RedisScript<List> ACQUIRE =
      RedisScript.of(
          BEGIN
              + """
              local every, lease, most, cold =
                tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5] == 'true'
              local due = number(mine.began) + every * math.max(1, number(mine.stretch))
              if cold or number(mine.failures) > 0 then due = 0 end
              local soon = math.max(tonumber(mine.soon) or due, number(mine.began) + number(mine.spacing))
              due = math.max(math.min(due, soon), number(mine.notBefore))
              local mineStill = number(mine['until']) > now and mine.owner == ARGV[7]
              if mineStill then due = 0 end -- the answer that granted it was lost
              local free = number(mine['until']) <= now or mineStill
              local running = 0
              for path, till in pairs(state('leases')) do
                if path ~= ARGV[1] and number(till) > now then running = running + 1 end
              end
              local granted = due <= now and free and running < most
              if granted then
                mine.fence = math.max(number(mine.fence) + 1, ARGV[6] + 1, now)
                mine.owner = ARGV[7]
                mine.began = now
                mine['until'] = now + lease
                mine.soon = nil
                save()
              end
              return {granted and mine.fence or 0, now, cjson.encode(mine), running}
              """,
          List.class);

  static final RedisScript<Long> RENEW =
      RedisScript.of(
          BEGIN
              + """
              if number(mine.fence) > tonumber(ARGV[2]) then return 0 end
              mine.fence = tonumber(ARGV[2])
              mine['until'] = now + ARGV[3]
              save()
              return 1
              """,
          Long.class);

  static final RedisScript<byte[]> RELEASE =
      RedisScript.of(
          BEGIN
              + """
              if number(mine.fence) > tonumber(ARGV[2]) then return false end
              for name, value in pairs(cjson.decode(ARGV[3])) do mine[name] = value end
              mine['until'] = 0
              mine.notBefore = tonumber(ARGV[4]) > 0 and now + ARGV[4] or 0
              if not mine.soon then -- no event since this refresh began
                local looks = ARGV[5] == 'true' and number(mine.looks) or 0
                if looks > 0 then mine.soon = now + (looks > 1 and 10000 or 20000) end
                mine.looks = math.max(0, looks - 1)
              end
              save()
              return cjson.encode(mine)
              """,
          byte[].class);

  static final RedisScript<byte[]> SOON =
      RedisScript.of(
          BEGIN
              + """
              if ARGV[3] == 'true' then mine.notBefore = 0 end
              mine.soon = math.min(tonumber(mine.soon) or math.huge, now + ARGV[2])
              mine.looks = 2
              save()
              return cjson.encode(mine)
              """,
          byte[].class);

  /** Answers with the new fence and with the state. */
  @SuppressWarnings("rawtypes")
  static final RedisScript<List> REVOKE =
      RedisScript.of(
          BEGIN
              + """
              mine.fence = math.max(number(mine.fence), tonumber(ARGV[2]), now) + 1
              mine['until'] = 0
              save()
              return {mine.fence, cjson.encode(mine)}
              """,
          List.class);

  private LeaseScripts() {}
}
