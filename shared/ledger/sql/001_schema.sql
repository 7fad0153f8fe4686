-- The log of record lives in schema log; what is derived from it lives in schema view, which the service owns.
create schema log;
create schema view;
