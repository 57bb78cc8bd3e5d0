"""Organisations with their former names, accounts, members and roles, and the traces of signing in."""

from typing import ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from zhudang.identity.domain.roles import OrganisationKind, Role
from zhudang.shared.ids import new_id


class Organisation(models.Model):
    """One organisation is one row through all its renamings; the credit code is its identity."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    credit_code = models.CharField(_("统一社会信用代码"), max_length=18, null=True, blank=True, unique=True)
    legacy_code = models.CharField(_("旧代码"), max_length=15, blank=True)
    name = models.CharField(_("名称"), max_length=200)
    short_name = models.CharField(_("简称"), max_length=60, blank=True)
    kind = models.CharField(_("性质"), max_length=16, choices=[(k.value, k.value) for k in OrganisationKind])
    created_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["name", "id"]
        indexes: ClassVar = [models.Index(fields=["name", "id"]), models.Index(fields=["legacy_code"])]
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(credit_code=""), name="organisation_credit_code_null_not_empty"),
        ]

    def __str__(self) -> str:
        return self.name


class OrganisationName(models.Model):
    """A name an organisation bore, from when until when. The present name has no end."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="names")
    name = models.CharField(max_length=200)
    since = models.DateField(null=True)
    until = models.DateField(null=True)
    basis = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering: ClassVar = ["organisation", models.F("since").asc(nulls_first=True)]
        indexes: ClassVar = [models.Index(fields=["name"])]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organisation"], condition=Q(until__isnull=True), name="organisation_one_present_name"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class AccountManager(BaseUserManager["Account"]):
    """Finds accounts by login; accounts are made by operations, never here."""

    def get_by_natural_key(self, username: str | None) -> "Account":
        return self.get(username=(username or "").strip().lower())


class Account(AbstractBaseUser):
    """One person's way in. What the person may do stands in the memberships, not here."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    username = models.CharField(_("账号"), max_length=64, unique=True)
    name = models.CharField(_("姓名"), max_length=60)
    phone = models.CharField(_("电话"), max_length=30, blank=True)
    clearance = models.PositiveSmallIntegerField(_("涉密等级"), default=0)
    is_active = models.BooleanField(default=True)
    must_change_password = models.BooleanField(default=False)
    is_demo = models.BooleanField(default=False)
    language = models.CharField(max_length=10, blank=True)
    theme = models.CharField(max_length=8, blank=True)
    shortcuts_on = models.BooleanField(default=True)
    created_at = models.DateTimeField()
    password_changed_at = models.DateTimeField(null=True)
    disabled_at = models.DateTimeField(null=True)

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar = ["name"]

    objects = AccountManager()

    class Meta:
        ordering: ClassVar = ["username"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(clearance__lte=4), name="account_clearance_within_levels"),
        ]

    def __str__(self) -> str:
        return self.username


class FormerPassword(models.Model):
    """A password the account had, hashed, so that the last few are not used again."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="former_passwords")
    password = models.CharField(max_length=200)
    replaced_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["-replaced_at"]

    def __str__(self) -> str:
        return f"{self.account_id} {self.replaced_at:%Y-%m-%d}"


class ResetCode(models.Model):
    """A code the security administrator handed over so that a person can set a new password, once."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="reset_codes")
    code = models.CharField(max_length=200, help_text="Argon2 hash; the code itself is shown once and kept nowhere.")
    issued_by = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+", null=True)
    issued_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    voided_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["-issued_at"]

    def __str__(self) -> str:
        return f"{self.account_id} {self.issued_at:%Y-%m-%d}"


class Membership(models.Model):
    """A person holds a role at an organisation for a time. Ended rows stay: who acted for whom is history."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="memberships")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="memberships", null=True)
    role = models.CharField(max_length=20, choices=[(r.value, r.value) for r in Role])
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["since", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["account", "organisation", "role"],
                condition=Q(until__isnull=True),
                nulls_distinct=False,
                name="membership_held_once",
            ),
            models.CheckConstraint(
                condition=Q(organisation__isnull=False) | Q(role=Role.PUBLIC.value),
                name="membership_needs_organisation_unless_public",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.role}"


class LoginFailure(models.Model):
    """A wrong password, by the login that was typed, whether or not such an account exists."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    username = models.CharField(max_length=64)
    address = models.CharField(max_length=45, blank=True)
    failed_at = models.DateTimeField()
    cleared_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["username", "failed_at"], condition=Q(cleared_at__isnull=True), name="login_open_failures"
            )
        ]

    def __str__(self) -> str:
        return f"{self.username} {self.failed_at:%Y-%m-%d %H:%M}"


class SignIn(models.Model):
    """One session of one person, so that people see where they are signed in and can end it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="sign_ins")
    session_key = models.CharField(max_length=40)
    address = models.CharField(max_length=45, blank=True)
    browser = models.CharField(max_length=200, blank=True)
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=16, blank=True)

    class Meta:
        ordering: ClassVar = ["-started_at"]
        indexes: ClassVar = [models.Index(fields=["session_key"])]

    def __str__(self) -> str:
        return f"{self.account_id} {self.started_at:%Y-%m-%d %H:%M}"


class AccessToken(models.Model):
    """A key another system signs in with, for one account. Only its digest is kept."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="tokens")
    name = models.CharField(max_length=100)
    digest = models.CharField(max_length=64, unique=True)
    issued_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["-issued_at"]

    def __str__(self) -> str:
        return self.name
