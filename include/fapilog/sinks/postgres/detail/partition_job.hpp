// SPDX-License-Identifier: MIT
// The SQL that creates and drops the daily partitions of the Postgres sink's table.
#pragma once

#include <string_view>

namespace fapilog::inline v0_1::detail::pg {

// Both blocks declare `parent`, `stem` (the beginning of the partitions' names) and the table's schema `home` before. A wait
// for a lock makes other sessions wait, too, so it ends after a second. What cannot be done now is a warning: it does not
// undo the rest, and the next run does it. The owner's rights and the table itself must not be missing.

/// Expects `keep_days`. Rows of the default partition may be late or have a wrong time: they are deleted only if they were
/// stored long ago, too.
inline constexpr std::string_view drop_partitions_body = R"(  waited text := current_setting('lock_timeout');
  last_day date := (now() AT TIME ZONE 'UTC')::date - keep_days;
  end_of_time text := to_char(last_day, 'YYYY-MM-DD') || ' 00:00:00+00';
  rest regclass := (SELECT nullif(partdefid, 0) FROM pg_partitioned_table WHERE partrelid = parent);
  part regclass;
BEGIN
  PERFORM set_config('lock_timeout', '1s', true);
  IF EXISTS (SELECT FROM pg_attribute WHERE attrelid = rest AND attname = 'created_at' AND NOT attisdropped) THEN
    BEGIN
      EXECUTE format('DELETE FROM %s WHERE "timestamp" < %L AND "created_at" < %L', rest, end_of_time, end_of_time);
    EXCEPTION
      WHEN insufficient_privilege THEN RAISE;
      WHEN OTHERS THEN RAISE WARNING 'fapilog: old rows of % were not deleted: % (SQLSTATE %)', rest, SQLERRM, SQLSTATE;
    END;
  END IF;
  FOR part IN SELECT c.oid FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
              WHERE i.inhparent = parent AND left(c.relname, length(stem)) = stem
                AND substr(c.relname, length(stem) + 1) ~ '^[0-9]{8}$'
                AND right(c.relname, 8) < to_char(last_day, 'YYYYMMDD') ORDER BY c.relname LOOP
    BEGIN
      EXECUTE format('DROP TABLE %s', part);
    EXCEPTION
      WHEN lock_not_available THEN
        RAISE WARNING 'fapilog: % was not dropped because the table is in use; run this again later', part;
        EXIT;
      WHEN insufficient_privilege THEN RAISE;
      WHEN OTHERS THEN RAISE WARNING 'fapilog: % was not dropped: % (SQLSTATE %)', part, SQLERRM, SQLSTATE;
    END;
  END LOOP;
  PERFORM set_config('lock_timeout', waited, true);
)";

/// Expects `days_ahead`. A partition is filled with the rows of its day from the default partition, then attached, which does
/// not make writers to other partitions wait.
inline constexpr std::string_view create_partitions_body =
    R"(  waited text := current_setting('lock_timeout');
  today date := (now() AT TIME ZONE 'UTC')::date;
  rest regclass := (SELECT nullif(partdefid, 0) FROM pg_partitioned_table WHERE partrelid = parent);
  names text := (SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
                 WHERE attrelid = parent AND attnum > 0 AND NOT attisdropped AND attgenerated = '');
  place text := coalesce((SELECT ' TABLESPACE ' || quote_ident(s.spcname) FROM pg_class c
                          JOIN pg_tablespace s ON s.oid = c.reltablespace WHERE c.oid = parent), '');
  part text;
  first_time text;
  end_time text;
BEGIN
  PERFORM set_config('lock_timeout', '1s', true);
  FOR i IN 0..days_ahead LOOP
    part := format('%I.%I', home, stem || to_char(today + i, 'YYYYMMDD'));
    first_time := to_char(today + i, 'YYYY-MM-DD') || ' 00:00:00+00';
    end_time := to_char(today + i + 1, 'YYYY-MM-DD') || ' 00:00:00+00';
    CONTINUE WHEN EXISTS (SELECT FROM pg_inherits WHERE inhparent = parent AND inhrelid = to_regclass(part));
    BEGIN
      EXECUTE format('LOCK TABLE ONLY %s IN SHARE UPDATE EXCLUSIVE MODE', parent);
      CONTINUE WHEN EXISTS (SELECT FROM pg_inherits WHERE inhparent = parent AND inhrelid = to_regclass(part));
      EXECUTE format('CREATE TABLE %s (LIKE %s INCLUDING DEFAULTS INCLUDING GENERATED INCLUDING CONSTRAINTS '
                     'INCLUDING STORAGE)%s', part, parent, place);
      IF rest IS NOT NULL THEN
        EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', rest);
        EXECUTE format('WITH moved AS (DELETE FROM %s WHERE "timestamp" >= %L AND "timestamp" < %L RETURNING %s) '
                       'INSERT INTO %s (%s) SELECT %s FROM moved', rest, first_time, end_time, names, part, names, names);
      END IF;
      EXECUTE format('ALTER TABLE %s ATTACH PARTITION %s FOR VALUES FROM (%L) TO (%L)', parent, part, first_time, end_time);
    EXCEPTION
      WHEN lock_not_available THEN
        RAISE WARNING 'fapilog: % was not created because the table is in use; run this again later', part;
        EXIT;
      WHEN insufficient_privilege OR invalid_schema_name OR wrong_object_type THEN RAISE;
      WHEN OTHERS THEN RAISE WARNING 'fapilog: % was not created: % (SQLSTATE %)', part, SQLERRM, SQLSTATE;
    END;
  END LOOP;
  PERFORM set_config('lock_timeout', waited, true);
)";

}  // namespace fapilog::inline v0_1::detail::pg
