from django.db import migrations

# RFC 9562, section 5.7: 48 bits of milliseconds over a random UUID, version 7. PostgreSQL has its own from 18 on.
CREATE = """
CREATE FUNCTION webhooks_uuid7() RETURNS uuid LANGUAGE sql VOLATILE PARALLEL SAFE AS $$
    SELECT encode(
        set_bit(set_bit(
            overlay(uuid_send(gen_random_uuid())
                PLACING substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3)
                FROM 1 FOR 6),
            52, 1), 53, 1), 'hex')::uuid
$$
"""


class Migration(migrations.Migration):
    dependencies = [("webhooks", "0001_initial")]
    operations = [migrations.RunSQL(CREATE, "DROP FUNCTION webhooks_uuid7()")]
