// The tables of the local archive. They are documented in meshprobe-archive(8): people query them.
#pragma once

#include <array>

namespace meshprobe {

// Values that are plain numbers are INTEGER or REAL, everything else (histograms, traces, failures) is its
// JSON text. The key of `point` is what makes a second delivery harmless. `volume` counts by the day (UTC) of
// ts.
inline constexpr const char* first_schema = R"sql(
CREATE TABLE schema_version (version INTEGER NOT NULL);
INSERT INTO schema_version VALUES (1);

CREATE TABLE measurement_archive (
  id    INTEGER PRIMARY KEY,
  host  TEXT NOT NULL UNIQUE
);
CREATE TABLE event_type (
  id    INTEGER PRIMARY KEY,
  name  TEXT NOT NULL UNIQUE
);
CREATE TABLE metadata (
  id                    INTEGER PRIMARY KEY,
  measurement_archive   INTEGER NOT NULL REFERENCES measurement_archive,
  key                   TEXT NOT NULL,
  subject_type          TEXT,
  source                TEXT,
  destination           TEXT,
  tool_name             TEXT,
  measurement_agent     TEXT,
  input_source          TEXT,
  input_destination     TEXT,
  ip_transport_protocol TEXT,
  time_duration         TEXT,
  UNIQUE (measurement_archive, key)
);
CREATE TABLE series (
  id          INTEGER PRIMARY KEY,
  metadata    INTEGER NOT NULL REFERENCES metadata,
  event_type  INTEGER NOT NULL REFERENCES event_type,
  UNIQUE (metadata, event_type)
);
CREATE TABLE point (
  series  INTEGER NOT NULL REFERENCES series,
  ts      INTEGER NOT NULL,
  value,
  PRIMARY KEY (series, ts)
);
CREATE TABLE volume (
  host    TEXT NOT NULL,
  day     TEXT NOT NULL,
  points  INTEGER NOT NULL,
  bytes   INTEGER NOT NULL,
  PRIMARY KEY (host, day)
) WITHOUT ROWID;
CREATE INDEX volume_by_day ON volume (day);

CREATE VIEW results AS
  SELECT a.host AS host, m.key AS metadata_key, e.name AS event_type,
         p.ts AS ts, strftime('%Y-%m-%dT%H:%M:%SZ', p.ts, 'unixepoch') AS time, p.value AS value,
         m.source AS source, m.destination AS destination, m.measurement_agent AS measurement_agent,
         m.input_source AS input_source, m.input_destination AS input_destination,
         m.tool_name AS tool_name, m.subject_type AS subject_type,
         m.ip_transport_protocol AS ip_transport_protocol, m.time_duration AS time_duration
    FROM point p
    JOIN series s ON s.id = p.series
    JOIN event_type e ON e.id = s.event_type
    JOIN metadata m ON m.id = s.metadata
    JOIN measurement_archive a ON a.id = m.measurement_archive;
)sql";

// Which limits let a point pass with a flag. Few points have flags, and a table of their own can be added to
// a large archive in no time.
inline constexpr const char* schema_with_flags = R"sql(
UPDATE schema_version SET version = 2;

CREATE TABLE limit_name (
  id    INTEGER PRIMARY KEY,
  name  TEXT NOT NULL UNIQUE
);
CREATE TABLE flag (
  series      INTEGER NOT NULL REFERENCES series,
  ts          INTEGER NOT NULL,
  limit_name  INTEGER NOT NULL REFERENCES limit_name,
  PRIMARY KEY (series, ts, limit_name)
) WITHOUT ROWID;

DROP VIEW results;
CREATE VIEW results AS
  SELECT a.host AS host, m.key AS metadata_key, e.name AS event_type,
         p.ts AS ts, strftime('%Y-%m-%dT%H:%M:%SZ', p.ts, 'unixepoch') AS time, p.value AS value,
         m.source AS source, m.destination AS destination, m.measurement_agent AS measurement_agent,
         m.input_source AS input_source, m.input_destination AS input_destination,
         m.tool_name AS tool_name, m.subject_type AS subject_type,
         m.ip_transport_protocol AS ip_transport_protocol, m.time_duration AS time_duration,
         (SELECT group_concat(name) FROM (SELECT n.name AS name FROM flag f
            JOIN limit_name n ON n.id = f.limit_name
           WHERE f.series = p.series AND f.ts = p.ts ORDER BY n.name)) AS flagged_by
    FROM point p
    JOIN series s ON s.id = p.series
    JOIN event_type e ON e.id = s.event_type
    JOIN metadata m ON m.id = s.metadata
    JOIN measurement_archive a ON a.id = m.measurement_archive;

CREATE VIEW flagged AS
  SELECT n.name AS limit_name, a.host AS host, m.key AS metadata_key, e.name AS event_type,
         p.ts AS ts, strftime('%Y-%m-%dT%H:%M:%SZ', p.ts, 'unixepoch') AS time, p.value AS value,
         m.source AS source, m.destination AS destination
    FROM flag f
    JOIN limit_name n ON n.id = f.limit_name
    JOIN point p ON p.series = f.series AND p.ts = f.ts
    JOIN series s ON s.id = f.series
    JOIN event_type e ON e.id = s.event_type
    JOIN metadata m ON m.id = s.metadata
    JOIN measurement_archive a ON a.id = m.measurement_archive;
)sql";

/// From nothing to version 1, from there to 2 …: a new archive takes them all, an older one those it lacks.
inline constexpr std::array schema_steps{first_schema, schema_with_flags};
inline constexpr int schema_version = static_cast<int>(schema_steps.size());

} // namespace meshprobe
