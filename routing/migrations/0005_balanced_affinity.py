from django.db import migrations, models


class Migration(migrations.Migration):
    """One balancer more, the default of new federations; a policy that is there keeps the balancer it names."""

    dependencies = [("routing", "0004_alerts")]

    operations = [
        migrations.RemoveConstraint(model_name="policy", name="policy_balancer_known"),
        migrations.AlterField(
            model_name="policy",
            name="balancer",
            field=models.CharField(
                choices=[
                    (
                        "balanced",
                        "balanced: one home for each repository; hot ones spill over, shares follow the weights",
                    ),
                    ("rendezvous", "rendezvous: a repository always goes to the same hub"),
                    ("random", "random: by weight alone"),
                ],
                default="balanced",
                max_length=20,
            ),
        ),
        migrations.AddConstraint(
            model_name="policy",
            constraint=models.CheckConstraint(
                condition=models.Q(("balancer__in", ["balanced", "rendezvous", "random"])), name="policy_balancer_known"
            ),
        ),
    ]
